#include "cpu/resizer.h"

#include <algorithm>

namespace bsgrow {
namespace {

constexpr int64_t kChannels = 3;

// Never smaller again: the next image wants much the same.
template <typename Vector>
void grow(Vector* vector, int64_t size) {
  if (static_cast<int64_t>(vector->size()) < size) vector->resize(size);
}

}  // namespace

void Resizer::start(int64_t height, int64_t width, const ResizedShape& shape, bool flipped,
                    const ImageOut& out) {
  make_taps(make_axis(height, width, shape.resize, shape.height, false), &vertical_);
  make_taps(make_axis(width, height, shape.resize, shape.width, flipped), &horizontal_);
  shape_ = shape;
  out_ = out;
  pitch_ = round_up(shape.width, kByteBlock);
  row_bytes_ = kChannels * pitch_;
  num_pushed_ = num_resized_ = num_emitted_ = 0;
  grow(&held_, kChannels * columns().size() + slack());
  grow(&ring_, num_ring_rows() * row_bytes_);
  grow(&blended_, row_bytes_);
  grow(&tap_rows_, vertical_.num_groups * kTapGroup);
}

void Resizer::push_row(const uint8_t* row) noexcept {
  const bool is_held = num_pushed_++ > num_resized_;
  if (is_held) return resize_pair({held_.data(), row});
  if (num_pushed_ == rows().size()) return resize_pair({row, row});
  std::copy_n(row, kChannels * columns().size(), held_.data());
}

// All that were pushed: a last one by itself is both of a pair.
void Resizer::resize_pair(const RowPair& rows) noexcept {
  const bool planar = !out_.channels_last;
  kernels_.resize_rows[planar](horizontal_.taps(), rows, pitch_, ring_row(num_resized_),
                               ring_row(num_pushed_ - 1));
  num_resized_ = num_pushed_;
  while (num_emitted_ < shape_.height && vertical_.last[num_emitted_] < num_resized_) {
    emit_row(num_emitted_++);
  }
}

void Resizer::emit_row(int64_t row) noexcept {
  const int64_t first = vertical_.first[row];
  for (int64_t tap = 0; tap < vertical_.num_groups * kTapGroup; ++tap) {
    tap_rows_[tap] = ring_row(first + tap);
  }
  kernels_.blend_rows(tap_rows_.data(), &vertical_.groups[row * vertical_.num_groups],
                      vertical_.num_taps, row_bytes_, blended_.data());
  normalise_row(row);
}

void Resizer::normalise_row(int64_t row) noexcept {
  const bool planar = !out_.channels_last;
  const int64_t length = planar ? shape_.width : shape_.width * kChannels;
  const int64_t bytes = length * item_size(out_.dtype);
  const NormaliseRows normalise = kernels_.normalise_rows[static_cast<int>(out_.dtype)][planar];
  Rows rows{blended_.data(), row_bytes_, 1, length, out_.non_temporal};
  char* out = static_cast<char*>(out_.pixels) + row * bytes;
  for (int64_t plane = 0; plane < (planar ? kChannels : 1); ++plane) {
    normalise(rows, out_.scale + plane, out_.bias + plane, out);
    rows.first += pitch_;
    out += shape_.height * bytes;
  }
}

}  // namespace bsgrow
