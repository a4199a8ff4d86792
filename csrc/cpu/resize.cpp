#include "bsgrow/resize.h"

#include <cstring>
#include <vector>

#include "cpu/resizer.h"

namespace bsgrow {

void resize_pixels(const Pixels& window, const ResizedShape& shape, bool flipped,
                   const ImageOut& out) {
  ImageOut tiled = out;
  const TiledAffine affine(out.scale, out.bias, out.channels_last ? shape.width : 1);
  tiled.scale = affine.scale.data();
  tiled.bias = affine.bias.data();
  Resizer resizer(best_kernels());
  resizer.start(window.height, window.width, shape, flipped, tiled);
  const Span columns = resizer.columns();
  std::vector<uint8_t> row(3 * columns.size() + resizer.slack());
  for (int64_t y = resizer.rows().begin; y < resizer.rows().end; ++y) {
    std::memcpy(row.data(), window.first + y * window.stride + 3 * columns.begin,
                3 * columns.size());
    resizer.push_row(row.data());
  }
}

}  // namespace bsgrow
