#pragma once

#include <cstdint>

namespace bsgrow {

// A weight is an integer of 22 bits, as in Pillow, kept as two of 16: high * 2^8 + low. So the
// products fit the multiply-and-add of 16-bit pairs, and their sums are exact.
constexpr int kWeightBits = 22;
constexpr int kLowBits = 8;
constexpr int64_t kTapGroup = 4;

struct TapGroup {
  int16_t high[kTapGroup];
  int16_t low[kTapGroup];
};

// Which source pixels make each pixel of the output, and with which weights.
struct Taps {
  int64_t count;           // pixels of the output, whole blocks: the last ones have weights of zero
  int64_t num_taps;        // the most that any pixel has; the others have weights of zero
  int64_t num_groups;      // the same in groups
  const int32_t* first;    // [count] the first tap
  const TapGroup* groups;  // [count, num_groups]
};

constexpr int64_t kPixelBlock = 8;  // pixels of a row that are resized at once
constexpr int64_t kByteBlock = 32;  // bytes of rows that are blended at once

// Two rows of pixels [width, 3], or one of them twice.
struct RowPair {
  const uint8_t* upper;
  const uint8_t* lower;
};

// Resizes both to [3, pitch] or [pitch, 3] bytes each, pitch at least taps.count: weights serve for
// two. Reads up to 16 * num_groups bytes beyond a row.
using ResizeRows = void (*)(const Taps& taps, const RowPair& rows, int64_t pitch, uint8_t* upper,
                            uint8_t* lower);

// The weighted sum of rows; num_bytes is a multiple of kByteBlock. One row more is read, with a
// weight of zero, where num_rows is odd.
using BlendRows = void (*)(const uint8_t* const* rows, const TapGroup* groups, int64_t num_rows,
                           int64_t num_bytes, uint8_t* out);

}  // namespace bsgrow
