#pragma once

#include <cstdint>

#include "cuda/pixel_words.h"

// Crop, pad, flip, normalise, cut out and cast, where rows are whole vectors, or whole fours: a
// lane takes as many pixels of a row as it stores elements at once, in all channels, so that what
// depends on the place is worked out once for all channels.

namespace bsgrow::cuda {

// Pixels of one lane, and what all its channels share.
template <uint32_t kCount>
struct Group {
  static constexpr uint32_t kPixels = kCount;
  static constexpr uint32_t kWords = kPixels / kWordBytes;

  Stretch<kWords> stretch;
  uint32_t row;     // of the output
  uint32_t column;  // of its first pixel
  bool flipped;
};

// index: of the group in the tile. Out is row after row.
template <uint32_t kPixels>
BSGROW_HOST_DEVICE Group<kPixels> make_group(const Arguments& arguments, const Tile& tile,
                                             uint32_t index) {
  const uint32_t pixel = index * kPixels;
  const uint32_t row = multiply_high(pixel, arguments.tiling.width_reciprocal);
  Group<kPixels> group;
  group.row = tile.first_row + row;
  group.column = pixel - row * arguments.width;
  group.flipped = tile.flipped;
  const uint32_t mirrored_column = arguments.width - kPixels - group.column;
  const uint32_t column = tile.flipped ? mirrored_column : group.column;
  const Source source = source_of(arguments, tile, group.row);
  const auto row_byte = static_cast<int32_t>(shift_of(sources_of(arguments, tile, 0))) +
                        source.row * static_cast<int32_t>(arguments.width);
  group.stretch = make_stretch<Group<kPixels>::kWords>(
      arguments, tile.left + static_cast<int32_t>(column), row_byte, source.inside);
  return group;
}

// Normalises a channel of a group into every kStride-th value.
template <uint32_t kStride, uint32_t kPixels>
BSGROW_HOST_DEVICE void normalise(const Group<kPixels>& group, const uint8_t* plane, float scale,
                                  float bias, float* values) {
  constexpr uint32_t kWords = Group<kPixels>::kWords;
  const float offset = scale * -8388608.0f;  // 2^23, exact
  uint32_t words[kWords];
  load_stretch<kWords>(plane, group.stretch, words);
  const uint32_t turn = group.flipped ? kWordBytes - 1 : 0;
  BSGROW_UNROLL
  for (uint32_t i = 0; i < kPixels; ++i) {
    const uint32_t word =
        group.flipped ? words[kWords - 1 - i / kWordBytes] : words[i / kWordBytes];
    const float shifted = shifted_byte(word, (i % kWordBytes) ^ turn);
    values[i * kStride] = multiply_then_add(shifted, scale, offset, bias);
  }
}

template <uint32_t kChannels, uint32_t kPixels>
BSGROW_HOST_DEVICE void cut_out(const Hole& hole, const Group<kPixels>& group, float* values) {
  if (!has_row(hole, group.row)) return;
  BSGROW_UNROLL
  for (uint32_t i = 0; i < kPixels * kChannels; ++i) {
    if (has_column(hole, group.column + i / kChannels)) values[i] = 0.0f;
  }
}

template <typename Out>
BSGROW_HOST_DEVICE Out* output_of(const Arguments& arguments, const Tile& tile) {
  return static_cast<Out*>(arguments.out_images) + tile.out +
         uint64_t{tile.first_row} * arguments.tiling.row_elements;
}

BSGROW_HOST_DEVICE uint32_t num_pixels(const Arguments& arguments, const Tile& tile) {
  return tile.num_rows * arguments.width;
}

// A lane's share of a tile, one channel after the other; a warp writes 512 bytes side by side, or
// 256 where it takes fours of 16 bits.
template <typename Out, uint32_t kPixels>
BSGROW_HOST_DEVICE void convert_planes(const Arguments& arguments, const Tile& tile,
                                       const uint8_t* pixels, uint32_t lane) {
  const uint32_t out_plane = arguments.height * arguments.width;
  Out* const out = output_of<Out>(arguments, tile);
  for (uint32_t first = lane * kPixels; first < num_pixels(arguments, tile);
       first += kLanes * kPixels) {
    const auto group = make_group<kPixels>(arguments, tile, first / kPixels);
    for (uint32_t channel = 0; channel < arguments.channels; ++channel) {
      float values[kPixels];
      normalise<1>(group, pixels + channel * arguments.tiling.plane_pitch, arguments.scale[channel],
                   arguments.bias[channel], values);
      cut_out<1>(tile.hole, group, values);
      store_vector(pack_vector<kPixels>(values, Out{}),
                   out + uint64_t{channel} * out_plane + first);
    }
  }
}

// One group of three interleaved channels, into shared memory: three vectors of a lane lie side by
// side, and are written to the output by other lanes, so that a warp's are side by side too.
template <typename Out>
BSGROW_HOST_DEVICE void convert_interleaved(const Arguments& arguments, const Tile& tile,
                                            const uint8_t* pixels, uint32_t index,
                                            Vector* exchange) {
  constexpr uint32_t kPixels = kElements<Out>;
  const auto group = make_group<kPixels>(arguments, tile, index);
  float values[3 * kPixels];
  BSGROW_UNROLL
  for (uint32_t channel = 0; channel < 3; ++channel) {
    normalise<3>(group, pixels + channel * arguments.tiling.plane_pitch, arguments.scale[channel],
                 arguments.bias[channel], values + channel);
  }
  cut_out<3>(tile.hole, group, values);
  BSGROW_UNROLL
  for (uint32_t i = 0; i < 3; ++i) {
    store_vector(pack_vector<kPixels>(values + i * kPixels, Out{}), exchange + i);
  }
}

}  // namespace bsgrow::cuda
