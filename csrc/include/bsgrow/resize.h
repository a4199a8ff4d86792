#pragma once

#include <cstdint>
#include <vector>

#include "bsgrow/load_batch.h"

namespace bsgrow {

// What becomes of a window's pixels: resized, a part of that kept, mirrored, normalised and cast.
struct ResizedShape {
  int64_t height;  // of the output
  int64_t width;
  int64_t resize;  // 0: the window becomes the output. Else its shorter side becomes this, and the
                   // middle of that becomes the output
};

// One image of a batch, and how its pixels are written.
struct ImageOut {
  DType dtype;
  bool channels_last;
  bool non_temporal;   // past the caches
  const float* scale;  // [3], or [width, 3] where channels_last: see tile
  const float* bias;   // likewise
  void* pixels;        // [3, height, width] or [height, width, 3]
};

// Pixels in memory: uint8 [height, width, 3], rows stride bytes apart.
struct Pixels {
  const uint8_t* first;
  int64_t height;
  int64_t width;
  int64_t stride;
};

// Three values, so many times over: [times, 3].
std::vector<float> tile(const float* values, int64_t times);

// Bilinear with antialiasing: the triangle filter of Pillow's BILINEAR, to the same bits.
// Throws only std::bad_alloc and what instruction_set throws.
void resize_pixels(const Pixels& window, const ResizedShape& shape, bool flipped,
                   const ImageOut& out);

}  // namespace bsgrow
