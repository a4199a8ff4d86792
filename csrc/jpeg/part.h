#pragma once

#include <cstdint>
#include <vector>

#include "bsgrow/jpeg_header.h"
#include "jpeg/rectangle.h"

namespace bsgrow {

// A part of a JPEG as a JPEG of its own, whose coefficients are those of the whole.
struct JpegPart {
  std::vector<uint8_t> bytes;  // none where there is no such part
  int64_t top = 0;             // where it begins in the whole, in pixels
  int64_t left = 0;
};

// The smallest part that a rectangle lies in, of a baseline JPEG of one scan whose rows of blocks
// are cut into whole restart intervals: each begins anew, so that what lies above, below and beside
// the rectangle is not decoded. None of any other JPEG; none where it would save little.
JpegPart part_around(const EncodedImage& image, const Rectangle& rectangle);

// Units of a restart interval that cuts rows of so many into whole ones: six at most, as larger
// ones are decoded for little of them, and every one costs some bytes.
int64_t restart_interval_for(int64_t units_of_row);

}  // namespace bsgrow
