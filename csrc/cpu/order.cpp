#include "bsgrow/order.h"

#include <algorithm>

#include "bsgrow/feistel.h"

namespace bsgrow {
namespace {

// Positions of one epoch: the round keys are drawn once for all of them.
void order_in_epoch(const Stream& stream, uint32_t epoch, uint64_t offset, uint64_t count,
                    int64_t* samples) noexcept {
  if (!stream.shuffle) {
    for (uint64_t i = 0; i < count; ++i) samples[i] = static_cast<int64_t>(offset + i);
    return;
  }
  const Permutation permutation = make_permutation(stream.num_samples, stream.seed, epoch);
  for (uint64_t i = 0; i < count; ++i) {
    samples[i] = permute(permutation, static_cast<uint32_t>(offset + i));
  }
}

}  // namespace

void order(const Stream& stream, uint64_t start, uint64_t count, int64_t* samples,
           uint32_t* epochs) noexcept {
  uint64_t epoch = start / stream.num_samples;
  uint64_t offset = start % stream.num_samples;
  for (uint64_t done = 0; done < count; ++epoch, offset = 0) {
    const uint64_t run = std::min(count - done, stream.num_samples - offset);
    order_in_epoch(stream, static_cast<uint32_t>(epoch), offset, run, samples + done);
    if (epochs) std::fill_n(epochs + done, run, static_cast<uint32_t>(epoch));
    done += run;
  }
}

}  // namespace bsgrow
