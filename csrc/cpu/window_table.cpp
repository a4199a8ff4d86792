#include "cpu/window_table.h"

namespace bsgrow {
namespace {

constexpr int64_t kMostBytes = 64 << 10;  // a part of L2

char* entry(const std::vector<char>& memory, int64_t stride, int64_t index) {
  return align(const_cast<char*>(memory.data())) + index * stride;
}

}  // namespace

WindowTable::WindowTable(const Layout& layout, const Kernels& kernels, const Augment& augment,
                         int64_t num_images)
    : map_columns_(kernels.map_columns), stride_(columns_bytes(layout)) {
  const int64_t num_windows = 2 * (2 * int64_t{augment.pad} + 1);
  if (num_windows > num_images || num_windows > kMostBytes / stride_) return;
  memory_.resize(num_windows * stride_ + kCacheLine);
  for (int64_t i = 0; i < num_windows; ++i) {
    const Window window{0, static_cast<uint32_t>(i / 2), i % 2 != 0};
    map_columns_(layout, window, make_columns(layout, entry(memory_, stride_, i)));
  }
}

Columns WindowTable::columns(const Layout& layout, const Window& window,
                             const Columns& scratch) const {
  const int64_t index = 2 * int64_t{window.left} + window.flipped;
  if (!memory_.empty()) return make_columns(layout, entry(memory_, stride_, index));
  map_columns_(layout, window, scratch);
  return scratch;
}

}  // namespace bsgrow
