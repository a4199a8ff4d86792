#pragma once

#include <cstdint>

#include "bsgrow/feistel.h"
#include "cuda/arguments.h"

namespace bsgrow::cuda {

// One band of one image: where it comes from, where it goes, and what was drawn for it.
struct Placement {
  uint64_t image;  // index into images
  uint64_t index;  // into the batch
  uint32_t band;
  Window window;
  Hole hole;
};

BSGROW_HOST_DEVICE uint32_t sample_at(const SampleStream& stream, uint32_t epoch, uint32_t offset) {
  if (!stream.shuffle) return offset;
  return permute(make_permutation(stream.num_samples, stream.seed, epoch), offset);
}

BSGROW_HOST_DEVICE Placement place(const Arguments& arguments, uint64_t item) {
  const SampleStream& stream = arguments.stream;
  const uint32_t num_bands = arguments.tiling.num_bands;
  const uint64_t index = num_bands == 1 ? item : item / num_bands;
  const uint64_t cursor = arguments.cursor ? *arguments.cursor : 0;
  const uint64_t position = cursor + arguments.start + index;
  const uint64_t whole_epochs = position / stream.num_samples;
  const auto epoch = static_cast<uint32_t>(whole_epochs);
  const auto offset = static_cast<uint32_t>(position - whole_epochs * stream.num_samples);
  const uint32_t sample = sample_at(stream, epoch, offset);
  return {
      arguments.gathered ? index : sample, index, static_cast<uint32_t>(item - index * num_bands),
      draw_window(arguments.augment, stream.seed, sample, epoch),
      draw_hole(arguments.augment, stream.seed, sample, epoch, arguments.height, arguments.width)};
}

}  // namespace bsgrow::cuda
