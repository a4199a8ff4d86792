#pragma once

#include <cstdint>

namespace bsgrow {

// torchvision's RandomResizedCrop: the area is uniform, the aspect ratio log-uniform.
struct ResizedCrop {
  double scale[2];      // of the image's area, 0 < scale[0] <= scale[1]
  double ratio[2];      // width / height, 0 < ratio[0] <= ratio[1]
  double log_ratio[2];  // its logarithms, given: no two libraries need agree on log
};

// What of an image is decoded, then resized, then mirrored left to right where flipped is 1.
struct CropWindow {
  int32_t top;
  int32_t left;
  int32_t height;
  int32_t width;
  int32_t flipped;
};

// Draws the window of each sample in each epoch. In: sizes [count, 2] (height, width) up to 2^31 -
// 1; samples and epochs [count] below 2^32. Out: windows [count], all zero where a size is.
//
// Only operations that IEEE 754 rounds correctly are used, so every machine draws the same.
void crop_windows(const ResizedCrop& crop, bool flip, uint64_t seed, const int64_t* sizes,
                  const int64_t* samples, const int64_t* epochs, int64_t count,
                  CropWindow* windows) noexcept;

}  // namespace bsgrow
