#include "bsgrow/order.h"

#include <algorithm>

#include "bsgrow/feistel.h"
#include "cpu/kernels.h"

namespace bsgrow {
namespace {

// Positions of one epoch: the round keys are drawn once for all of them.
template <typename Sample>
void order_in_epoch(const SampleStream& stream, uint32_t epoch, uint64_t offset, uint64_t count,
                    Sample* samples) {
  if (!stream.shuffle) {
    for (uint64_t i = 0; i < count; ++i) samples[i] = static_cast<Sample>(offset + i);
    return;
  }
  const PermuteChunk permute_chunk = best_kernels().permute_chunk;
  const Permutation permutation = make_permutation(stream.num_samples, stream.seed, epoch);
  for (uint64_t done = 0; done < count; done += kChunk) {
    uint32_t chunk[kChunk];
    permute_chunk(permutation, static_cast<uint32_t>(offset + done), chunk);
    std::copy_n(chunk, std::min<uint64_t>(kChunk, count - done), samples + done);
  }
}

}  // namespace

template <typename Sample>
void order(const SampleStream& stream, uint64_t start, uint64_t count, Sample* samples,
           uint32_t* epochs) {
  uint64_t epoch = start / stream.num_samples;
  uint64_t offset = start % stream.num_samples;
  for (uint64_t done = 0; done < count; ++epoch, offset = 0) {
    const uint64_t run = std::min(count - done, stream.num_samples - offset);
    order_in_epoch(stream, static_cast<uint32_t>(epoch), offset, run, samples + done);
    if (epochs) std::fill_n(epochs + done, run, static_cast<uint32_t>(epoch));
    done += run;
  }
}

void order_at(const SampleStream& stream, const uint64_t* positions, uint64_t count,
              int64_t* samples) {
  Permutation permutation{};
  for (uint64_t i = 0, drawn = UINT64_MAX; i < count; ++i) {
    const uint64_t epoch = positions[i] / stream.num_samples;
    const auto offset = static_cast<uint32_t>(positions[i] % stream.num_samples);
    if (stream.shuffle && epoch != drawn) {
      permutation = make_permutation(stream.num_samples, stream.seed, static_cast<uint32_t>(epoch));
      drawn = epoch;
    }
    samples[i] = stream.shuffle ? permute(permutation, offset) : offset;
  }
}

template void order(const SampleStream&, uint64_t, uint64_t, int64_t*, uint32_t*);
template void order(const SampleStream&, uint64_t, uint64_t, uint32_t*, uint32_t*);

}  // namespace bsgrow
