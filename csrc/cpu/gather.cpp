#include "bsgrow/gather.h"

#include <algorithm>
#include <cstring>

namespace bsgrow {
namespace {

constexpr int64_t kChunk = 32;  // images, as in load_batch

void gather_chunk(const Gather& gather, int64_t chunk) {
  const int64_t first = chunk * kChunk;
  const auto count = std::min<int64_t>(kChunk, gather.stop - gather.start - first);
  int64_t samples[kChunk];
  order(gather.stream, gather.start + first, count, samples, nullptr);
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(gather.out_images + (first + i) * gather.image_bytes,
                gather.images + samples[i] * gather.image_bytes, gather.image_bytes);
    gather.out_labels[first + i] = gather.labels[samples[i]];
  }
}

}  // namespace

Chunks gather_chunks(const Gather& gather) {
  const int64_t num_images = gather.stop - gather.start;
  return {num_images / kChunk + (num_images % kChunk > 0),
          [gather](int64_t chunk, int) { gather_chunk(gather, chunk); }};
}

}  // namespace bsgrow
