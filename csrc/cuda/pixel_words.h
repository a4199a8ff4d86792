#pragma once

#include <cstdint>

#include "cuda/stage.h"

// Pixels of a row four at a time, from a tile in shared memory: what lies at any byte is cut out of
// aligned words, and what lies in a margin is masked. Bytes around a tile may be read, and masked.

namespace bsgrow::cuda {

constexpr uint32_t kWordBytes = 4;
constexpr uint32_t kGuardBytes = 16;  // before and after a tile: readable, whatever they hold

BSGROW_HOST_DEVICE int32_t clamp(int32_t value, int32_t low, int32_t high) {
  return value < low ? low : (value > high ? high : value);
}

// Bytes [first, stop) of a word, both in [0, 4]; in two steps, since a shift by 32 is none.
BSGROW_HOST_DEVICE uint32_t byte_mask(uint32_t first, uint32_t stop) {
  const uint32_t low = 4 * first, high = 4 * (kWordBytes - stop);
  return ~0u << low << low & ~0u >> high >> high;
}

// Bytes of a plane from any of them on.
struct Cut {
  uint32_t offset;  // of the first aligned word, counted from kGuardBytes before the plane
  uint32_t shift;   // bits from there to the first byte
};

// byte: -kGuardBytes or more, counted from the plane's first.
BSGROW_HOST_DEVICE Cut make_cut(int32_t byte) {
  const uint32_t at = static_cast<uint32_t>(byte + static_cast<int32_t>(kGuardBytes));
  return {at / kWordBytes * kWordBytes, at % kWordBytes * 8};
}

template <uint32_t kWords>
BSGROW_HOST_DEVICE void load_words(const uint8_t* plane, const Cut& cut, uint32_t* words) {
  const auto* const aligned = reinterpret_cast<const uint32_t*>(plane - kGuardBytes + cut.offset);
  uint32_t low = aligned[0];
  BSGROW_UNROLL
  for (uint32_t i = 0; i < kWords; ++i) {
    const uint32_t high = aligned[i + 1];
    words[i] = shift_right(low, high, cut.shift);
    low = high;
  }
}

BSGROW_HOST_DEVICE uint32_t reversed(uint32_t word) {
#if defined(__CUDA_ARCH__)
  return __byte_perm(word, 0, 0x0123);
#else
  return __builtin_bswap32(word);
#endif
}

// Side by side pixels of one output row, as the columns of the image that they show, left to right.
template <uint32_t kWords>
struct Stretch {
  Cut inside;
  Cut mirror;              // the columns that the margin mirrors, right to left
  uint32_t masks[kWords];  // of the columns inside the image
  bool is_mirrored;        // whether some are outside and not 0
};

// first: the leftmost column, maybe in a margin; row_byte: of the plane, where the row begins.
template <uint32_t kWords>
BSGROW_HOST_DEVICE Stretch<kWords> make_stretch(const Arguments& arguments, int32_t first,
                                                int32_t row_byte, bool row_is_inside) {
  constexpr auto kPixels = static_cast<int32_t>(kWords * kWordBytes);
  const auto width = static_cast<int32_t>(arguments.width);
  const bool reaches_in = first > -kPixels && first < width && row_is_inside;
  Stretch<kWords> stretch{};
  stretch.inside = make_cut(row_byte + (reaches_in ? first : 0));
  BSGROW_UNROLL
  for (uint32_t i = 0; i < kWords; ++i) {
    const int32_t word_first = first + static_cast<int32_t>(i * kWordBytes);
    const uint32_t mask =
        byte_mask(clamp(-word_first, 0, kWordBytes), clamp(width - word_first, 0, kWordBytes));
    stretch.masks[i] = reaches_in ? mask : 0;
  }
  stretch.is_mirrored =
      arguments.augment.padding == Padding::kReflect && (first < 0 || first + kPixels > width);
  if (stretch.is_mirrored) {
    const int32_t mirror = (first < 0 ? 0 : 2 * (width - 1)) - first - (kPixels - 1);
    stretch.mirror = make_cut(row_byte + mirror);
  }
  return stretch;
}

template <uint32_t kWords>
BSGROW_HOST_DEVICE void load_stretch(const uint8_t* plane, const Stretch<kWords>& stretch,
                                     uint32_t* words) {
  load_words<kWords>(plane, stretch.inside, words);
  BSGROW_UNROLL
  for (uint32_t i = 0; i < kWords; ++i) words[i] &= stretch.masks[i];
  if (!stretch.is_mirrored) return;
  uint32_t mirror[kWords];
  load_words<kWords>(plane, stretch.mirror, mirror);
  BSGROW_UNROLL
  for (uint32_t i = 0; i < kWords; ++i) {
    words[i] |= reversed(mirror[kWords - 1 - i]) & ~stretch.masks[i];
  }
}

}  // namespace bsgrow::cuda
