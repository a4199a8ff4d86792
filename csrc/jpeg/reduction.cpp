#include "jpeg/reduction.h"

#include <algorithm>

namespace bsgrow {
namespace {

// In the libjpeg of all machines; those between cost as much as the next smaller one.
constexpr int64_t kReductions[] = {8, 4, 2};

bool has_pixels(const CropWindow& window, const ResizedShape& shape, int64_t reduction) {
  const int64_t height = window.height / reduction;
  const int64_t width = window.width / reduction;
  if (shape.resize > 0) return std::min(height, width) >= shape.resize;
  return height >= shape.height && width >= shape.width;
}

int32_t reduced_edge(int64_t edge, int64_t reduction) {
  return static_cast<int32_t>((edge + reduction / 2) / reduction);
}

}  // namespace

int64_t reduction_for(const CropWindow& window, const ResizedShape& shape) {
  for (const int64_t reduction : kReductions) {
    if (has_pixels(window, shape, reduction)) return reduction;
  }
  return 1;
}

CropWindow reduced(const CropWindow& window, int64_t reduction) {
  const int32_t top = reduced_edge(window.top, reduction);
  const int32_t left = reduced_edge(window.left, reduction);
  const int32_t bottom = reduced_edge(int64_t{window.top} + window.height, reduction);
  const int32_t right = reduced_edge(int64_t{window.left} + window.width, reduction);
  return {top, left, bottom - top, right - left, window.flipped};
}

}  // namespace bsgrow
