#pragma once

#include <algorithm>
#include <cstring>

#include "cuda/arguments.h"

// What the host works out once a launch; used by the kernel's launch and by its test on the host.

namespace bsgrow::cuda {

inline uint32_t plane_pitch(uint64_t num_rows, uint64_t width) {
  // A run of bytes may begin anywhere in its first vector.
  const uint64_t vectors = (num_rows * width + 2 * (kVectorBytes - 1)) / kVectorBytes;
  return static_cast<uint32_t>(vectors * kVectorBytes);
}

inline bool fits(uint64_t num_rows, const ImageShape& shape, uint64_t num_bytes) {
  const auto width = static_cast<uint64_t>(shape.width);
  return num_rows * width < num_bytes &&
         static_cast<uint64_t>(shape.channels) * plane_pitch(num_rows, width) <= num_bytes;
}

// Rows of a band: as many as fit in kTileBytes, or one.
inline uint32_t rows_that_fit(const ImageShape& shape) {
  uint32_t num_rows = 1;
  while (num_rows < shape.height && fits(num_rows + 1, shape, kTileBytes)) ++num_rows;
  return num_rows;
}

// Exact for indices and divisors below 2^16, divisors above 1.
inline uint32_t reciprocal(uint64_t divisor) {
  return static_cast<uint32_t>(((uint64_t{1} << 32) + divisor - 1) / divisor);
}

// Fewer than this leave multiprocessors idle: 16 for each of the 132 of the largest cards.
constexpr uint64_t kFewItems = 16 * 132;
constexpr int64_t kRoundPixels = 256;  // that a warp converts at once, a vector of 16 bits a lane

// Rows of a band, at most. Few images are cut into what a warp does in one round: cut any finer,
// they would only leave lanes idle.
inline uint32_t rows_of_a_band(const ImageShape& shape, uint64_t num_images, uint64_t few_items) {
  const uint32_t rows = rows_that_fit(shape);
  const uint64_t num_bands = (shape.height + rows - 1) / rows;
  if (num_images * num_bands >= few_items) return rows;
  const auto round = static_cast<uint32_t>(std::max<int64_t>(1, kRoundPixels / shape.width));
  return std::min(rows, round);
}

inline Tiling make_tiling(const ImageShape& shape, bool interleaved, uint64_t num_images,
                          uint64_t few_items) {
  const bool staged = fits(1, shape, kMaxTileBytes);
  const auto height = static_cast<uint32_t>(shape.height);
  const auto row_elements = static_cast<uint32_t>(shape.width * (interleaved ? shape.channels : 1));
  // The reciprocals of 1 and of long rows do not serve to divide: such rows go one by one.
  const uint32_t at_most =
      staged && row_elements > 1 ? rows_of_a_band(shape, num_images, few_items) : 1;
  Tiling tiling{};
  tiling.num_bands = (height + at_most - 1) / at_most;
  tiling.band_rows = (height + tiling.num_bands - 1) / tiling.num_bands;  // all bands about alike
  tiling.num_bands = (height + tiling.band_rows - 1) / tiling.band_rows;
  tiling.row_elements = row_elements;
  if (tiling.band_rows > 1) {
    tiling.row_reciprocal = reciprocal(row_elements);
    tiling.width_reciprocal = shape.width > 1 ? reciprocal(shape.width) : 0;
  }
  if (staged) {
    tiling.plane_pitch = plane_pitch(tiling.band_rows, shape.width);
    tiling.tile_bytes = static_cast<uint32_t>(shape.channels) * tiling.plane_pitch;
  }
  return tiling;
}

// Whether -2^23 * scale is a number, and 0 * scale is not -0: what the vectors' arithmetic needs.
inline bool has_moderate_scales(const LoadBatch& batch) {
  for (int64_t channel = 0; channel < batch.shape.channels; ++channel) {
    const float scale = batch.scale[channel];
    if (!(scale > 0.0f && scale < 0x1p104f)) return false;
  }
  return true;
}

inline Layout choose_layout(const LoadBatch& batch, const Tiling& tiling, bool interleaved) {
  const ImageShape& shape = batch.shape;
  const int64_t elements = kVectorBytes / item_size(batch.dtype);
  const bool in_vectors = shape.width % elements == 0;
  const bool in_fours = shape.width % 4 == 0 && shape.height * shape.width % kVectorBytes == 0 &&
                        reinterpret_cast<uintptr_t>(batch.out_images) % kVectorBytes == 0;
  if (!in_fours || tiling.tile_bytes == 0 || !has_moderate_scales(batch)) return Layout::kAny;
  if (!interleaved) return in_vectors ? Layout::kPlanar : Layout::kPlanarFours;
  return in_vectors && shape.channels == 3 ? Layout::kInterleaved : Layout::kAny;
}

// Few at first, so that small batches reach all multiprocessors; more where there is work for all,
// so that the lanes that draw are used.
inline uint32_t choose_items_per_warp(uint64_t num_items) {
  constexpr uint64_t kManyWarps = 8 * 1024;  // about twice what the largest card runs at once
  const uint64_t items = num_items / kManyWarps;
  return static_cast<uint32_t>(items < 1 ? 1 : items > kMaxItemsPerWarp ? kMaxItemsPerWarp : items);
}

// few_items: tests ask for images that are cut more or less than so many would be.
inline Arguments make_arguments(const DeviceLoadBatch& device, uint64_t few_items = kFewItems) {
  const LoadBatch& batch = device.batch;
  const ImageShape& shape = batch.shape;
  const int64_t elements = shape.channels * shape.height * shape.width;
  const uint64_t count = batch.stop - batch.start;
  Arguments arguments{};
  arguments.stream = batch.stream;
  arguments.start = batch.start;
  arguments.cursor = device.cursor;
  arguments.augment = batch.augment;
  arguments.channels = static_cast<uint32_t>(shape.channels);
  arguments.height = static_cast<uint32_t>(shape.height);
  arguments.width = static_cast<uint32_t>(shape.width);
  arguments.interleaved = batch.channels_last && shape.channels > 1;
  arguments.gathered = device.gathered;
  arguments.tiling = make_tiling(shape, arguments.interleaved, count, few_items);
  arguments.tiling.layout = choose_layout(batch, arguments.tiling, arguments.interleaved);
  arguments.num_items = count * arguments.tiling.num_bands;
  arguments.items_per_warp = choose_items_per_warp(arguments.num_items);
  arguments.images = batch.images;
  arguments.images_end =
      batch.images + (device.gathered ? count : batch.stream.num_samples) * elements;
  arguments.labels = batch.labels;
  arguments.out_images = batch.out_images;
  arguments.out_labels = batch.out_labels;
  std::memcpy(arguments.scale, batch.scale, shape.channels * sizeof(float));
  std::memcpy(arguments.bias, batch.bias, shape.channels * sizeof(float));
  return arguments;
}

}  // namespace bsgrow::cuda
