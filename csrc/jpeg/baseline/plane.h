#pragma once

#include <cstdint>
#include <vector>

#include "cpu/samples.h"

namespace bsgrow {

// The samples of a component in some columns, of the last two rows of units.
class Plane {
 public:
  // Args: sides of the whole component; its rows in a row of units; the columns that are kept.
  Plane(int64_t height, int64_t width, int64_t unit_rows, int64_t first_column,
        int64_t num_columns);

  // The sample of a row in the first of the columns.
  uint8_t* row(int64_t row) { return bytes_.data() + kBeside + row % num_rows_ * pitch_; }

  // A row of the component, or the one nearest to it.
  const uint8_t* nearest_row(int64_t row);

  int64_t pitch() const { return pitch_; }

  // Repeats what stands at the sides of the component beside them, in a row of units.
  void extend(int64_t unit_row);

 private:
  static constexpr int64_t kBeside =
      2 * kSampleBlock;  // samples that may be read beside the columns

  int64_t height_;
  int64_t width_;
  int64_t num_rows_;
  int64_t first_column_;
  int64_t num_columns_;
  int64_t pitch_;
  std::vector<uint8_t> bytes_;
};

}  // namespace bsgrow
