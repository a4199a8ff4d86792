#include "cpu/stage.h"

#include <algorithm>
#include <cstring>

namespace bsgrow {
namespace {

// The rows that are needed: those in the window, and all where margins mirror them.
RowRange needed_rows(const Stage& stage, int64_t top) {
  if (stage.padding == Padding::kReflect) return {0, stage.shape.height};
  const int64_t first = top - stage.pad;
  return {std::max<int64_t>(first, 0), std::min(stage.shape.height, first + stage.shape.height)};
}

// Calls mirror(from, to) for each place in the margins that a window at offset shows; the edge
// itself is not repeated. All count from the padded image's first row or column.
template <typename Mirror>
void reflect(int64_t offset, int64_t pad, int64_t size, const Mirror& mirror) {
  const int64_t last = pad + size - 1;
  for (int64_t to = offset; to < pad; ++to) mirror(2 * pad - to, to);
  for (int64_t to = last + 1; to < offset + size; ++to) mirror(2 * last - to, to);
}

void reflect_columns(const Stage& stage, int64_t left, uint8_t* rows) {
  const int64_t group = stage.group();
  for (int64_t y = stage.pad; y < stage.pad + stage.shape.height; ++y) {
    uint8_t* const row = rows + y * stage.stride();
    reflect(left, stage.pad, stage.shape.width, [=](int64_t from, int64_t to) {
      for (int64_t c = 0; c < group; ++c) row[to * group + c] = row[from * group + c];
    });
  }
}

void reflect_rows(const Stage& stage, int64_t top, uint8_t* rows) {
  const int64_t stride = stage.stride();
  reflect(top, stage.pad, stage.shape.height, [=](int64_t from, int64_t to) {
    std::memcpy(rows + to * stride, rows + from * stride, stride);
  });
}

}  // namespace

const uint8_t* stage_window(const Stage& stage, StageRows stage_rows, const Window& window,
                            const uint8_t* image, uint8_t* scratch) {
  // A window of the mirrored image is the mirrored window of the image.
  const int64_t top = window.top;
  const int64_t left = window.flipped ? 2 * stage.pad - window.left : window.left;
  stage_rows(stage, needed_rows(stage, top), window.flipped, image, scratch);
  if (stage.padding == Padding::kReflect) {
    for (int64_t p = 0; p < stage.num_planes(); ++p) {
      reflect_columns(stage, left, scratch + p * stage.plane_bytes());
      reflect_rows(stage, top, scratch + p * stage.plane_bytes());
    }
  }
  return scratch + top * stage.stride() + left * stage.group();
}

}  // namespace bsgrow
