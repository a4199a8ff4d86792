#include "jpeg/baseline/pixel_rows.h"

#include <algorithm>

namespace bsgrow {
namespace {

constexpr uint8_t kNeutral = 128;  // a colour that is none

}  // namespace

PixelRows::PixelRows(const Frame& frame, const Rectangle& rectangle, const Units& units,
                     int64_t slack, const RowSink& sink)
    : frame_(frame),
      rectangle_(rectangle),
      sink_(sink),
      left_(rectangle.left / frame.shared_columns() * frame.shared_columns()),
      count_(rectangle.left + rectangle.width - left_),
      first_sample_(units.columns.begin * frame.unit_width()),
      next_(rectangle.top),
      pixels_(3 * (count_ + kSampleBlock) + slack) {
  // Two samples of each of half width, of which whole blocks are made.
  for (auto& colours : colours_) colours.assign(count_ + 1 + 2 * kSampleBlock, kNeutral);
}

void PixelRows::add(int64_t unit_row, Components* components) {
  for (Component& component : *components) component.plane.extend(unit_row);
  const bool is_last = unit_row == frame_.num_rows() - 1;
  const int64_t num_open = is_last || frame_.shared_rows() == 1 ? 0 : 1;
  const int64_t stop = std::min((unit_row + 1) * frame_.unit_height() - num_open,
                                rectangle_.top + rectangle_.height);
  for (; next_ < stop; ++next_) make_row(next_, components);
}

void PixelRows::make_row(int64_t row, Components* components) {
  const uint8_t* colours[2] = {colours_[0].data(), colours_[1].data()};
  for (int i = 1; i < frame_.num_components; ++i) {
    colours[i - 1] = colours_of(&(*components)[i].plane, row, colours_[i - 1].data());
  }
  const uint8_t* const brightness = (*components)[0].plane.row(row) + left_ - first_sample_;
  kernels_.to_rgb(brightness, colours[0], colours[1], count_, pixels_.data());
  sink_(pixels_.data() + 3 * (rectangle_.left - left_));
}

// Of a row of pixels, one each: where the plane has fewer, they are made in out.
const uint8_t* PixelRows::colours_of(Plane* plane, int64_t row, uint8_t* out) const {
  const int64_t first = (left_ - first_sample_) / frame_.shared_columns();
  if (frame_.shared_columns() == 1) return plane->row(row) + first;
  const bool is_half_height = frame_.shared_rows() == 2;
  const int64_t near = row / frame_.shared_rows();
  const int64_t far = row % 2 ? near + 1 : near - 1;
  kernels_.upsample_row(plane->row(near) + first,
                        is_half_height ? plane->nearest_row(far) + first : nullptr,
                        (count_ + 1) / 2, out);
  return out;
}

}  // namespace bsgrow
