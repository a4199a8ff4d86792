#pragma once

#include <cstdint>

#include "bsgrow/device_load_batch.h"

namespace bsgrow::cuda {

constexpr uint32_t kLanes = 32;               // of a warp
constexpr uint32_t kWarpsPerBlock = 4;        // they share nothing; blocks are what is scheduled
constexpr uint32_t kMaxItemsPerWarp = 8;      // a warp's draws are done at once, one lane each
constexpr uint32_t kVectorBytes = 16;         // of one load or store of a lane
constexpr uint32_t kTileBytes = 4 * 1024;     // aimed at, so that many warps share a multiprocessor
constexpr uint32_t kMaxTileBytes = 9 * 1024;  // of one row, where it is more than that

// How rows are converted.
enum class Layout : uint8_t {
  kAny,          // element by element
  kPlanar,       // by vectors, a channel at a time
  kInterleaved,  // by vectors, three channels at a time
  kPlanarFours,  // by four elements, a channel at a time
};

// How images are cut: a warp takes a band of rows of one image at a time. An index is divided by
// multiplying it with a reciprocal, ceil(2^32 / divisor), and taking the high half.
struct Tiling {
  Layout layout;
  uint32_t band_rows;
  uint32_t num_bands;       // of an image
  uint32_t plane_pitch;     // bytes of shared memory that hold a band of one channel
  uint32_t tile_bytes;      // of all channels; 0 where pixels are read in place
  uint32_t row_elements;    // of output, in a run of rows: width, or width * channels
  uint32_t row_reciprocal;  // of row_elements
  uint32_t width_reciprocal;
};

// What a launch passes by value: no pointer to host memory is left in it.
struct Arguments {
  SampleStream stream;
  uint64_t start;
  uint64_t num_items;  // bands of all images
  const uint64_t* cursor;
  Augment augment;
  uint32_t channels;
  uint32_t height;
  uint32_t width;
  bool interleaved;  // channels_last
  bool gathered;
  uint32_t items_per_warp;
  Tiling tiling;
  const uint8_t* images;
  const uint8_t* images_end;
  const int64_t* labels;
  void* out_images;
  int64_t* out_labels;
  float scale[kMaxDeviceChannels];
  float bias[kMaxDeviceChannels];
};

}  // namespace bsgrow::cuda
