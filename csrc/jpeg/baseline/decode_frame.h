#pragma once

#include "jpeg/baseline/pixel_rows.h"

namespace bsgrow {

// Decodes a rectangle of a frame that libjpeg has read up to its data, row by row, to the pixels of
// libjpeg-turbo. slack bytes beyond a row may be read. Returns how many rows there were: fewer than
// all where the data are not as they should be, which is then for libjpeg to tell.
int64_t decode_frame(const jpeg_decompress_struct& info, const Frame& frame,
                     const Rectangle& rectangle, int64_t slack, const RowSink& sink);

}  // namespace bsgrow
