#pragma once

#include <cstdint>

#include "bsgrow/philox.h"

namespace bsgrow {

enum class Padding : uint8_t { kZero, kReflect };

struct Augment {
  uint32_t pad;  // pixels added on each side before an image-sized window is cut
  Padding padding;
  bool flip;  // mirror left to right with probability 1/2
};

// Where the window lies in the padded image, top and left in [0, 2 * pad].
struct Window {
  uint32_t top;
  uint32_t left;
  bool flipped;
};

// Uniform in [0, bound) by multiply-high (Lemire 2019, without rejection: bias below bound / 2^32).
BSGROW_HOST_DEVICE uint32_t bounded(uint32_t word, uint32_t bound) {
  return multiply_high(word, bound);
}

BSGROW_HOST_DEVICE Window draw_window(const Augment& augment, uint64_t seed, uint32_t sample,
                                      uint32_t epoch) {
  Window window{0, 0, false};
  if (augment.pad > 0) {
    const PhiloxBlock crop = draw(seed, sample, epoch, Operation::kCrop);
    window.top = bounded(crop.words[0], 2 * augment.pad + 1);
    window.left = bounded(crop.words[1], 2 * augment.pad + 1);
  }
  if (augment.flip) window.flipped = draw(seed, sample, epoch, Operation::kFlip).words[0] >> 31;
  return window;
}

}  // namespace bsgrow
