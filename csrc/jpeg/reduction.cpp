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

int64_t reduced_edge(int64_t edge, int64_t reduction) { return (edge + reduction / 2) / reduction; }

}  // namespace

int64_t reduction_for(const CropWindow& window, const ResizedShape& shape) {
  for (const int64_t reduction : kReductions) {
    if (has_pixels(window, shape, reduction)) return reduction;
  }
  return 1;
}

Rectangle reduced(const Rectangle& rectangle, int64_t reduction) {
  const int64_t top = reduced_edge(rectangle.top, reduction);
  const int64_t left = reduced_edge(rectangle.left, reduction);
  return {top, left, reduced_edge(rectangle.top + rectangle.height, reduction) - top,
          reduced_edge(rectangle.left + rectangle.width, reduction) - left};
}

}  // namespace bsgrow
