#include "bsgrow/resize.h"

#include <cstring>
#include <vector>

#include "cpu/resizer.h"

namespace bsgrow {

std::vector<float> tile(const float* values, int64_t times) {
  std::vector<float> tiled;
  tiled.reserve(3 * times);
  for (int64_t i = 0; i < times; ++i) tiled.insert(tiled.end(), values, values + 3);
  return tiled;
}

void resize_pixels(const Pixels& window, const ResizedShape& shape, bool flipped,
                   const ImageOut& out) {
  Resizer resizer(best_kernels());
  resizer.start(window.height, window.width, shape, flipped, out);
  const Span columns = resizer.columns();
  std::vector<uint8_t> row(3 * columns.size() + resizer.slack());
  for (int64_t y = resizer.rows().begin; y < resizer.rows().end; ++y) {
    std::memcpy(row.data(), window.first + y * window.stride + 3 * columns.begin,
                3 * columns.size());
    resizer.push_row(row.data());
  }
}

}  // namespace bsgrow
