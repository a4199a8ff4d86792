#pragma once

#include <cstdint>

#include "cuda/tile.h"
#include "cuda/vector.h"

// Global to shared memory, in vectors: each channel's rows are one run of bytes. Shared memory
// holds it shifted as it lies in global memory, so that every vector is aligned in both.

namespace bsgrow::cuda {

// The first byte of a channel that a tile needs.
BSGROW_HOST_DEVICE const uint8_t* sources_of(const Arguments& arguments, const Tile& tile,
                                             uint32_t channel) {
  const uint64_t row = uint64_t{channel} * arguments.height + tile.first_source;
  return tile.image + row * arguments.width;
}

// Vectors that may reach over either end of the images are copied byte by byte.
BSGROW_HOST_DEVICE void copy_clipped(const Arguments& arguments, const uint8_t* from, uint8_t* to) {
  BSGROW_KEEP_ROLLED
  for (uint32_t i = 0; i < kVectorBytes; ++i) {
    if (from + i >= arguments.images && from + i < arguments.images_end) to[i] = from[i];
  }
}

BSGROW_HOST_DEVICE void stage_channel(const Arguments& arguments, const uint8_t* bytes,
                                      uint32_t num_bytes, uint32_t lane, uint8_t* plane) {
  const uint32_t shift = shift_of(bytes);
  const uint32_t stop = (shift + num_bytes + kVectorBytes - 1) / kVectorBytes * kVectorBytes;
  const uint8_t* const vectors = bytes - shift;
  const bool is_within = vectors >= arguments.images && vectors + stop <= arguments.images_end;
  for (uint32_t at = lane * kVectorBytes; at < stop; at += kLanes * kVectorBytes) {
    if (is_within) {
      copy_vector_async(plane + at, vectors + at);
    } else {
      copy_clipped(arguments, vectors + at, plane + at);
    }
  }
}

// A lane's share of the copy. pixels: [channels, plane_pitch].
BSGROW_HOST_DEVICE void stage_tile(const Arguments& arguments, const Tile& tile, uint32_t lane,
                                   uint8_t* pixels) {
  const uint32_t num_bytes = tile.num_sources * arguments.width;
  if (num_bytes > 0) {
    for (uint32_t channel = 0; channel < arguments.channels; ++channel) {
      stage_channel(arguments, sources_of(arguments, tile, channel), num_bytes, lane,
                    pixels + channel * arguments.tiling.plane_pitch);
    }
  }
  wait_for_copies();
}

}  // namespace bsgrow::cuda
