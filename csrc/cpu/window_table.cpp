#include "cpu/window_table.h"

namespace bsgrow {
namespace {

constexpr int64_t kMostBytes = 64 << 10;  // stays in L2

}  // namespace

WindowTable::WindowTable(const Layout& layout, const Kernels& kernels, const Augment& augment,
                         int64_t num_images)
    : map_columns_(kernels.map_columns),
      entry_bytes_(columns_bytes(layout)),
      num_mirrorings_(augment.flip ? 2 : 1) {
  const int64_t num_windows = (2 * int64_t{augment.pad} + 1) * num_mirrorings_;
  if (num_windows > num_images || num_windows > kMostBytes / entry_bytes_) return;
  memory_ = std::make_unique<char[]>(num_windows * entry_bytes_ + kCacheLine);
  first_ = align(memory_.get());
  for (int64_t i = 0; i < num_windows; ++i) {
    const Window window{0, static_cast<uint32_t>(i / num_mirrorings_), i % num_mirrorings_ != 0};
    map_columns_(layout, window, entry(layout, window));
  }
}

Columns WindowTable::entry(const Layout& layout, const Window& window) const {
  const int64_t index = num_mirrorings_ * window.left + window.flipped;
  return make_columns(layout, first_ + index * entry_bytes_);
}

Columns WindowTable::columns(const Layout& layout, const Window& window,
                             const Columns& scratch) const {
  if (first_) return entry(layout, window);
  map_columns_(layout, window, scratch);
  return scratch;
}

}  // namespace bsgrow
