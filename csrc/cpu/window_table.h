#pragma once

#include <cstdint>
#include <memory>

#include "cpu/kernels.h"

namespace bsgrow {

// The columns of all windows that a call may draw, made before its images where that is less work
// than to make them for each.
class WindowTable {
 public:
  WindowTable(const Layout& layout, const Kernels& kernels, const Augment& augment,
              int64_t num_images);

  // Those of a window, made in scratch where there is no table.
  Columns columns(const Layout& layout, const Window& window, const Columns& scratch) const;

 private:
  Columns entry(const Layout& layout, const Window& window) const;

  MapColumns map_columns_;
  int64_t entry_bytes_;
  int64_t num_mirrorings_;
  std::unique_ptr<char[]> memory_;
  char* first_ = nullptr;  // [left, flipped]; null where there is no table
};

}  // namespace bsgrow
