#include "jpeg/baseline/plane.h"

#include <algorithm>

namespace bsgrow {

Plane::Plane(int64_t height, int64_t width, int64_t unit_rows, int64_t first_column,
             int64_t num_columns)
    : height_(height),
      width_(width),
      num_rows_(2 * unit_rows),
      first_column_(first_column),
      num_columns_(num_columns),
      pitch_(2 * kBeside + num_columns),
      bytes_(num_rows_ * pitch_) {}

const uint8_t* Plane::nearest_row(int64_t row) {
  return this->row(std::clamp<int64_t>(row, 0, height_ - 1));
}

void Plane::extend(int64_t unit_row) {
  const int64_t unit_rows = num_rows_ / 2;
  const int64_t width = width_ - first_column_;
  for (int64_t y = unit_row * unit_rows; y < (unit_row + 1) * unit_rows; ++y) {
    uint8_t* const samples = row(y);
    if (first_column_ == 0) samples[-1] = samples[0];
    if (width <= num_columns_) samples[width] = samples[width - 1];
  }
}

}  // namespace bsgrow
