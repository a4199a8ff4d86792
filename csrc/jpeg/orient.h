#pragma once

#include <cstdint>
#include <vector>

#include "bsgrow/jpeg_header.h"
#include "jpeg/decoder.h"

namespace bsgrow {

// Where a rectangle of the image as shown lies in the stored image, of the given size.
Rectangle to_stored(const Orientation& orientation, const Rectangle& shown, int64_t stored_height,
                    int64_t stored_width);

// The other way round.
Rectangle to_shown(const Orientation& orientation, const Rectangle& stored, int64_t stored_height,
                   int64_t stored_width);

// Turns the pixels of a stored rectangle to how they are shown. In: uint8 [height, width, 3] as
// stored. Out: uint8 [height, width, 3] as shown.
void orient(const Orientation& orientation, const Rectangle& shown, const uint8_t* stored,
            uint8_t* out);

}  // namespace bsgrow
