#pragma once

#include <cstdint>

namespace bsgrow {

// Output beyond this leaves the caches of a core before anyone reads it, and is written past them.
constexpr int64_t kNonTemporalBytes = int64_t{4} << 20;

struct Rows {
  const uint8_t* first;
  int64_t stride;  // bytes from one row to the next
  int64_t count;
  int64_t length;     // elements of a row
  bool non_temporal;  // write past the caches where that can be done
};

// Normalises and casts rows of pixels into a contiguous run of count * length elements. Scale and
// bias are [1] for a plane, and [length] for rows of interleaved channels.
using NormaliseRows = void (*)(const Rows& rows, const float* scale, const float* bias, void* out);

}  // namespace bsgrow
