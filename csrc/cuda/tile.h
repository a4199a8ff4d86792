#pragma once

#include <cstdint>

#include "cuda/place.h"

namespace bsgrow::cuda {

// The pixel that a place outside [0, size) mirrors; the edge itself is not repeated.
BSGROW_HOST_DEVICE int32_t mirrored(int32_t place, int32_t size) {
  const int32_t inside = place < 0 ? -place : place;
  const int32_t reflected = 2 * (size - 1) - inside;
  return inside < reflected ? inside : reflected;
}

// What a warp works on: a band of rows of one image.
struct Tile {
  const uint8_t* image;  // in global memory, [channels, height, width]
  uint64_t out;          // elements of the output before this image
  uint32_t first_row;    // of the output
  uint32_t num_rows;
  int32_t top;   // row of the image that output row 0 shows, below 0 in the margin
  int32_t left;  // its column that output column 0 shows, before flipping
  bool flipped;
  uint32_t first_source;  // row of the image: the first that is needed
  uint32_t num_sources;
  Hole hole;
};

// The rows that the padded image's rows [first, last] show, margins aside: no more than those.
BSGROW_HOST_DEVICE void find_sources(const Arguments& arguments, int32_t first, int32_t last,
                                     Tile& tile) {
  const auto height = static_cast<int32_t>(arguments.height);
  int32_t low = first < 0 ? 0 : first;
  int32_t high = last < height ? last : height - 1;
  if (arguments.augment.padding == Padding::kReflect) {
    const int32_t one = mirrored(first, height), other = mirrored(last, height);
    low = first < 0 && last >= 0 ? 0 : (one < other ? one : other);
    high = last >= height && first < height ? height - 1 : (one < other ? other : one);
  }
  tile.first_source = static_cast<uint32_t>(low);
  tile.num_sources = high < low ? 0 : static_cast<uint32_t>(high - low + 1);
}

BSGROW_HOST_DEVICE Tile make_tile(const Arguments& arguments, const Placement& placement) {
  const auto pad = static_cast<int32_t>(arguments.augment.pad);
  const uint64_t elements = uint64_t{arguments.channels} * arguments.height * arguments.width;
  Tile tile;
  tile.image = arguments.images + placement.image * elements;
  tile.out = placement.index * elements;
  tile.first_row = placement.band * arguments.tiling.band_rows;
  const uint32_t rows_left = arguments.height - tile.first_row;
  tile.num_rows = rows_left < arguments.tiling.band_rows ? rows_left : arguments.tiling.band_rows;
  tile.top = static_cast<int32_t>(placement.window.top) - pad;
  tile.left = static_cast<int32_t>(placement.window.left) - pad;
  tile.flipped = placement.window.flipped;
  tile.hole = placement.hole;
  const int32_t first = tile.top + static_cast<int32_t>(tile.first_row);
  find_sources(arguments, first, first + static_cast<int32_t>(tile.num_rows) - 1, tile);
  return tile;
}

// A row of the output as its pixels see it.
struct Source {
  int32_t row;  // below first_source of the tile; 0 where it lies in a margin of zeros
  bool inside;
};

BSGROW_HOST_DEVICE Source source_of(const Arguments& arguments, const Tile& tile,
                                    uint32_t out_row) {
  const auto height = static_cast<int32_t>(arguments.height);
  int32_t row = tile.top + static_cast<int32_t>(out_row);
  if (arguments.augment.padding == Padding::kReflect) row = mirrored(row, height);
  const bool inside = row >= 0 && row < height;
  return {inside ? row - static_cast<int32_t>(tile.first_source) : 0, inside};
}

BSGROW_HOST_DEVICE bool has_row(const Hole& hole, uint32_t row) {
  return row >= hole.top && row < hole.bottom;
}

BSGROW_HOST_DEVICE bool has_column(const Hole& hole, uint32_t column) {
  return column >= hole.left && column < hole.right;
}

}  // namespace bsgrow::cuda
