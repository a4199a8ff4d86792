#pragma once

#include "jpeg/decoder.h"

namespace bsgrow {

// Opens an image and checks that the window lies in it as it is shown; where not, status says why.
bool open_window(const EncodedImage& image, const CropWindow& window, int64_t max_pixels,
                 JpegDecoder* decoder, Orientation* orientation, DecodeStatus* status);

}  // namespace bsgrow
