#pragma once

#include <cstdint>

namespace bsgrow {

// The endless stream of samples: position p is epoch p / num_samples, offset p % num_samples.
struct SampleStream {
  uint64_t num_samples;  // 1 to 2^32
  uint64_t seed;
  bool shuffle;  // false: the sample is the offset
};

// Writes the samples of positions [start, start + count) and, where epochs is not null, the epoch
// each lies in. The last epoch must be below 2^32. Out: samples [count], int64_t or uint32_t;
// epochs [count]. Throws what instruction_set throws.
template <typename Sample>
void order(const SampleStream& stream, uint64_t start, uint64_t count, Sample* samples,
           uint32_t* epochs);

// Writes the samples of any positions [count], under the same conditions; positions of one epoch
// cost least side by side, since its permutation is drawn once for all of them.
void order_at(const SampleStream& stream, const uint64_t* positions, uint64_t count,
              int64_t* samples);

}  // namespace bsgrow
