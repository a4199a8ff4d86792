#pragma once

#include <cstdint>

#include "cuda/convert_any.h"
#include "cuda/convert_vectors.h"

namespace bsgrow::cuda {

constexpr uint32_t kExchangeVectors = 3 * kLanes;

static_assert(sizeof(Placement) % kVectorBytes == 0, "what follows them is aligned");

constexpr uint32_t kMaxWarpBytes = kMaxItemsPerWarp * sizeof(Placement) +
                                   kExchangeVectors * sizeof(Vector) + 2 * kGuardBytes +
                                   kMaxTileBytes;
static_assert(kWarpsPerBlock * kMaxWarpBytes <= 48 * 1024, "more would have to be asked for");

// What one warp keeps in shared memory.
struct WarpMemory {
  Placement* placements;  // [kMaxItemsPerWarp]
  Vector* exchange;       // [kExchangeVectors]
  uint8_t* pixels;        // [tile_bytes], kGuardBytes before and after it
};

BSGROW_HOST_DEVICE uint32_t warp_bytes(const Arguments& arguments) {
  return kMaxItemsPerWarp * sizeof(Placement) + kExchangeVectors * sizeof(Vector) +
         2 * kGuardBytes + arguments.tiling.tile_bytes;
}

BSGROW_HOST_DEVICE WarpMemory divide(uint8_t* shared) {
  WarpMemory memory;
  memory.placements = reinterpret_cast<Placement*>(shared);
  memory.exchange = reinterpret_cast<Vector*>(memory.placements + kMaxItemsPerWarp);
  memory.pixels = reinterpret_cast<uint8_t*>(memory.exchange + kExchangeVectors) + kGuardBytes;
  return memory;
}

BSGROW_HOST_DEVICE void place_and_label(const Arguments& arguments, uint64_t item,
                                        Placement* placement) {
  *placement = place(arguments, item);
  if (placement->band > 0) return;
  arguments.out_labels[placement->index] = arguments.labels[placement->image];
}

template <typename Out, typename Team>
BSGROW_HOST_DEVICE void convert_any_tile(const Arguments& arguments, const Team& team,
                                         const Tile& tile, const WarpMemory& memory) {
  const bool staged = arguments.tiling.tile_bytes > 0;
  if (staged) team.each([&](uint32_t lane) { stage_tile(arguments, tile, lane, memory.pixels); });
  const Pixels pixels = find_pixels(arguments, tile, memory.pixels);
  team.each([&](uint32_t lane) { convert_any<Out>(arguments, tile, pixels, lane); });
}

template <typename Out, uint32_t kPixels, typename Team>
BSGROW_HOST_DEVICE void convert_planar_tile(const Arguments& arguments, const Team& team,
                                            const Tile& tile, const WarpMemory& memory) {
  team.each([&](uint32_t lane) { stage_tile(arguments, tile, lane, memory.pixels); });
  team.each(
      [&](uint32_t lane) { convert_planes<Out, kPixels>(arguments, tile, memory.pixels, lane); });
}

template <typename Out, typename Team>
BSGROW_HOST_DEVICE void convert_interleaved_tile(const Arguments& arguments, const Team& team,
                                                 const Tile& tile, const WarpMemory& memory) {
  team.each([&](uint32_t lane) { stage_tile(arguments, tile, lane, memory.pixels); });
  const uint32_t num_groups = num_pixels(arguments, tile) / kElements<Out>;
  auto* const out = reinterpret_cast<Vector*>(output_of<Out>(arguments, tile));
  for (uint32_t first = 0; first < num_groups; first += kLanes) {
    team.each([&](uint32_t lane) {
      if (first + lane >= num_groups) return;
      convert_interleaved<Out>(arguments, tile, memory.pixels, first + lane,
                               memory.exchange + 3 * lane);
    });
    team.each([&](uint32_t lane) {
      BSGROW_UNROLL
      for (uint32_t i = lane; i < kExchangeVectors; i += kLanes) {
        if (3 * first + i < 3 * num_groups) store_vector(memory.exchange[i], out + 3 * first + i);
      }
    });
  }
}

// All that a warp does: draws for its items at once, one lane each, then one item after the other.
template <typename Out, Layout kLayout, typename Team>
BSGROW_HOST_DEVICE void load_items(const Arguments& arguments, const Team& team, uint64_t warp,
                                   uint8_t* shared) {
  const uint64_t first = warp * arguments.items_per_warp;
  if (first >= arguments.num_items) return;
  const uint64_t left = arguments.num_items - first;
  const uint64_t count = left < arguments.items_per_warp ? left : arguments.items_per_warp;
  const WarpMemory memory = divide(shared);
  team.each([&](uint32_t lane) {
    if (lane < count) place_and_label(arguments, first + lane, memory.placements + lane);
  });
  for (uint32_t item = 0; item < count; ++item) {
    const Tile tile = make_tile(arguments, memory.placements[item]);
    if (kLayout == Layout::kAny) convert_any_tile<Out>(arguments, team, tile, memory);
    if (kLayout == Layout::kPlanar) {
      convert_planar_tile<Out, kElements<Out>>(arguments, team, tile, memory);
    }
    if (kLayout == Layout::kPlanarFours) {
      convert_planar_tile<Out, 4>(arguments, team, tile, memory);
    }
    if (kLayout == Layout::kInterleaved) {
      convert_interleaved_tile<Out>(arguments, team, tile, memory);
    }
  }
}

}  // namespace bsgrow::cuda
