#pragma once

#include <cstdint>

#include "cuda/stage.h"

// Crop, pad, flip, normalise, cut out and cast, for any shape and any alignment: element by element
// in the order of the output, gathered into vectors where they are whole.

namespace bsgrow::cuda {

// Where an element of the output lies.
struct Place {
  uint32_t row;
  uint32_t column;
  uint32_t channel;
};

// A run of rows of the output that lie side by side: one plane, or all channels interleaved.
template <typename Out>
struct Run {
  Out* out;
  uint32_t num_elements;
  uint32_t channel;  // the plane's, 0 where interleaved
  uint32_t group;    // elements of a pixel
};

// Where a tile's pixels are: in shared memory, or in the image itself.
struct Pixels {
  const uint8_t* first;
  uint64_t plane;   // bytes from one channel to the next, but for the shift
  uint32_t shift;   // of channel 0 in its first vector; the next one's is more by a plane's bytes
  uint32_t shifts;  // 15 where channels are shifted, 0 where pixels are read in place
};

BSGROW_HOST_DEVICE Pixels find_pixels(const Arguments& arguments, const Tile& tile,
                                      const uint8_t* staged) {
  const uint8_t* const sources = sources_of(arguments, tile, 0);
  if (arguments.tiling.tile_bytes == 0) {
    return {sources, uint64_t{arguments.height} * arguments.width, 0, 0};
  }
  return {staged, arguments.tiling.plane_pitch, shift_of(sources), kVectorBytes - 1};
}

BSGROW_HOST_DEVICE uint8_t pixel_at(const Arguments& arguments, const Tile& tile,
                                    const Pixels& pixels, const Place& place) {
  const auto width = static_cast<int32_t>(arguments.width);
  const Source source = source_of(arguments, tile, place.row);
  const auto column = static_cast<int32_t>(place.column);
  int32_t from = tile.left + (tile.flipped ? width - 1 - column : column);
  if (arguments.augment.padding == Padding::kReflect) from = mirrored(from, width);
  if (!source.inside || from < 0 || from >= width) return 0;
  const uint32_t planes_before = place.channel * arguments.height * arguments.width;
  const uint32_t shift = (pixels.shift + planes_before) & pixels.shifts;
  return pixels.first[place.channel * pixels.plane + shift +
                      static_cast<uint32_t>(source.row * width + from)];
}

template <typename Out>
BSGROW_HOST_DEVICE Place place_of(const Arguments& arguments, const Tile& tile, const Run<Out>& run,
                                  uint32_t element) {
  const uint32_t row = multiply_high(element, arguments.tiling.row_reciprocal);
  const uint32_t in_row = element - row * arguments.tiling.row_elements;
  const uint32_t column = run.group == 1 ? in_row : in_row / run.group;
  return {tile.first_row + row, column, run.channel + in_row - column * run.group};
}

// The place of the next element.
BSGROW_HOST_DEVICE void advance(const Arguments& arguments, uint32_t group, Place& place) {
  if (group > 1 && ++place.channel < group) return;
  if (group > 1) place.channel = 0;
  if (++place.column < arguments.width) return;
  place.column = 0;
  ++place.row;
}

BSGROW_HOST_DEVICE float value_at(const Arguments& arguments, const Tile& tile,
                                  const Pixels& pixels, const Place& place) {
  if (has_row(tile.hole, place.row) && has_column(tile.hole, place.column)) return 0.0f;
  const auto pixel = static_cast<float>(pixel_at(arguments, tile, pixels, place));
  return multiply_then_add(pixel, arguments.scale[place.channel], arguments.bias[place.channel]);
}

template <typename Out>
BSGROW_HOST_DEVICE void convert_run(const Arguments& arguments, const Tile& tile,
                                    const Pixels& pixels, const Run<Out>& run, uint32_t lane) {
  constexpr uint32_t kCount = kElements<Out>;
  // Vectors are aligned in memory: the first may begin before the run, the last end after it.
  const uint32_t before = shift_of(run.out) / sizeof(Out);
  const uint32_t stop = before + run.num_elements;
  for (uint32_t at = lane * kCount; at < stop; at += kLanes * kCount) {
    const uint32_t first = at < before ? before - at : 0;
    const uint32_t last = at + kCount < stop ? kCount : stop - at;
    Place place = place_of(arguments, tile, run, at + first - before);
    float values[kCount];
    BSGROW_UNROLL
    for (uint32_t i = 0; i < kCount; ++i) {
      if (i < first || i >= last) continue;
      values[i] = value_at(arguments, tile, pixels, place);
      advance(arguments, run.group, place);
      if (last - first < kCount) store_one(values[i], run.out + (at + i - before));
    }
    if (last - first == kCount) {
      store_vector(pack_vector<kCount>(values, Out{}), run.out + (at - before));
    }
  }
}

// A lane's share of a tile's output.
template <typename Out>
BSGROW_HOST_DEVICE void convert_any(const Arguments& arguments, const Tile& tile,
                                    const Pixels& pixels, uint32_t lane) {
  const uint32_t group = arguments.interleaved ? arguments.channels : 1;
  const uint64_t plane = uint64_t{arguments.height} * arguments.width;
  Out* out = static_cast<Out*>(arguments.out_images) + tile.out;
  out += uint64_t{tile.first_row} * arguments.tiling.row_elements;
  for (uint32_t channel = 0; channel < arguments.channels; channel += group) {
    const Run<Out> run{out + channel * plane, tile.num_rows * arguments.tiling.row_elements,
                       channel, group};
    convert_run(arguments, tile, pixels, run, lane);
  }
}

}  // namespace bsgrow::cuda
