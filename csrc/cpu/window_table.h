#pragma once

#include <cstdint>
#include <vector>

#include "cpu/kernels.h"

namespace bsgrow {

// The columns of all windows that a call may draw, made once where they are few enough to be worth
// it: then an image takes none of its own.
class WindowTable {
 public:
  WindowTable(const Layout& layout, const Kernels& kernels, const Augment& augment,
              int64_t num_images);

  // Those of a window; they are made in scratch where there is no table.
  Columns columns(const Layout& layout, const Window& window, const Columns& scratch) const;

 private:
  MapColumns map_columns_;
  int64_t stride_ = 0;
  std::vector<char> memory_;  // [left, flipped], or empty
};

}  // namespace bsgrow
