#pragma once

#include <cstdint>

#include "bsgrow/philox.h"

namespace bsgrow {

enum class Padding : uint8_t { kZero, kReflect };

struct Augment {
  uint32_t pad;  // pixels added on each side before an image-sized window is cut
  Padding padding;
  bool flip;        // mirror left to right with probability 1/2
  uint32_t cutout;  // side in pixels of a square that is blanked, 0 for none
};

// Where the window lies in the padded image, top and left in [0, 2 * pad].
struct Window {
  uint32_t top;
  uint32_t left;
  bool flipped;
};

// Rows [top, bottom) and columns [left, right) of the output: what cutout sets to 0.
struct Hole {
  uint32_t top;
  uint32_t bottom;
  uint32_t left;
  uint32_t right;
};

// Uniform in [0, bound) by multiply-high (Lemire 2019, without rejection: bias below bound / 2^32).
BSGROW_HOST_DEVICE uint32_t bounded(uint32_t word, uint32_t bound) {
  return multiply_high(word, bound);
}

// Row and column of the window in the padded image, each in [0, 2 * pad].
BSGROW_HOST_DEVICE void draw_crop(uint32_t pad, uint64_t seed, uint32_t sample, uint32_t epoch,
                                  uint32_t& top, uint32_t& left) {
  const PhiloxBlock crop = draw(seed, sample, epoch, Operation::kCrop);
  top = bounded(crop.words[0], 2 * pad + 1);
  left = bounded(crop.words[1], 2 * pad + 1);
}

// 1 where the window is mirrored, else 0.
BSGROW_HOST_DEVICE uint32_t draw_flip(uint64_t seed, uint32_t sample, uint32_t epoch) {
  return draw(seed, sample, epoch, Operation::kFlip).words[0] >> 31;
}

BSGROW_HOST_DEVICE Window draw_window(const Augment& augment, uint64_t seed, uint32_t sample,
                                      uint32_t epoch) {
  Window window{0, 0, false};
  if (augment.pad > 0) draw_crop(augment.pad, seed, sample, epoch, window.top, window.left);
  if (augment.flip) window.flipped = draw_flip(seed, sample, epoch) != 0;
  return window;
}

// Where a square of side cutout about centre begins and ends inside [0, size).
BSGROW_HOST_DEVICE void clip_square(uint32_t centre, uint32_t cutout, uint32_t size,
                                    uint32_t& first, uint32_t& stop) {
  const uint32_t before = cutout / 2;
  const uint32_t after = cutout - before;
  first = centre > before ? centre - before : 0;
  stop = size - centre > after ? centre + after : size;
}

// The square's centre is uniform over the output, so that part of it may lie outside (DeVries and
// Taylor 2017, section 3.2). Empty where cutout is 0.
BSGROW_HOST_DEVICE Hole draw_hole(const Augment& augment, uint64_t seed, uint32_t sample,
                                  uint32_t epoch, uint32_t height, uint32_t width) {
  Hole hole{0, 0, 0, 0};
  if (augment.cutout == 0) return hole;
  const PhiloxBlock centre = draw(seed, sample, epoch, Operation::kCutout);
  clip_square(bounded(centre.words[0], height), augment.cutout, height, hole.top, hole.bottom);
  clip_square(bounded(centre.words[1], width), augment.cutout, width, hole.left, hole.right);
  return hole;
}

}  // namespace bsgrow
