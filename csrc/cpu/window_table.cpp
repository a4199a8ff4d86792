#include "cpu/window_table.h"

namespace bsgrow {
namespace {

constexpr int64_t kMostBytes = 64 << 10;  // stays in L2

}  // namespace

WindowTable::WindowTable(const Layout& layout, const Kernels& kernels, const Augment& augment,
                         int64_t num_images)
    : map_columns_(kernels.map_columns), entry_bytes_(columns_bytes(layout)) {
  const int64_t num_lefts = 2 * int64_t{augment.pad} + 1;
  if (2 * num_lefts > num_images || 2 * num_lefts > kMostBytes / entry_bytes_) return;
  memory_ = std::make_unique<char[]>(2 * num_lefts * entry_bytes_ + kCacheLine);
  first_ = align(memory_.get());
  for (uint32_t left = 0; left < num_lefts; ++left) {
    for (const bool flipped : {false, true}) {
      const Window window{0, left, flipped};
      map_columns_(layout, window, entry(layout, window));
    }
  }
}

Columns WindowTable::entry(const Layout& layout, const Window& window) const {
  const int64_t index = 2 * int64_t{window.left} + window.flipped;
  return make_columns(layout, first_ + index * entry_bytes_);
}

Columns WindowTable::columns(const Layout& layout, const Window& window,
                             const Columns& scratch) const {
  if (first_) return entry(layout, window);
  map_columns_(layout, window, scratch);
  return scratch;
}

}  // namespace bsgrow
