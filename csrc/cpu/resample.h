#pragma once

#include <cstdint>
#include <vector>

#include "cpu/taps.h"

namespace bsgrow {

// How one side of an image is resized: source pixels become resized ones, of which
// [first, first + count) are kept, the last one first where mirrored.
struct Axis {
  int64_t source;
  int64_t resized;
  int64_t first;
  int64_t count;
  bool mirrored;
};

// The side of length source of an image that becomes an output of length count; the image's other
// side is given, as the shorter one becomes resize (see ResizedShape).
Axis make_axis(int64_t source, int64_t other_source, int64_t resize, int64_t count, bool mirrored);

struct TapTable {
  int64_t begin;  // the source pixels in use: [begin, end)
  int64_t end;
  int64_t num_taps;
  int64_t num_groups;
  std::vector<int32_t> first;  // [count, then padding]: the first tap, counted from begin
  std::vector<int32_t> last;   // [count]: the last one
  std::vector<TapGroup> groups;

  Taps taps() const {
    return {static_cast<int64_t>(first.size()), num_taps, num_groups, first.data(), groups.data()};
  }
};

void make_taps(const Axis& axis, TapTable* table);

constexpr int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace bsgrow
