#pragma once

#include <cstdint>
#include <vector>

#include "bsgrow/resize.h"
#include "cpu/kernels.h"
#include "cpu/resample.h"

namespace bsgrow {

// Rows [begin, end) or columns.
struct Span {
  int64_t begin;
  int64_t end;

  int64_t size() const { return end - begin; }
};

// One image at a time, row by row: rows are resized two at a time and kept in a ring until no row
// of the output needs them; an output row is blended, normalised and cast as soon as its last one
// is there. Nothing of the size of an image is ever held.
class Resizer {
 public:
  explicit Resizer(const Kernels& kernels) : kernels_(kernels) {}

  // Begins an image: which window of which size becomes what.
  void start(int64_t height, int64_t width, const ResizedShape& shape, bool flipped,
             const ImageOut& out);

  // What of the window is needed, counted from its corner.
  Span rows() const { return {vertical_.begin, vertical_.end}; }
  Span columns() const { return {horizontal_.begin, horizontal_.end}; }

  // Bytes beyond the last column of a row that push_row may read.
  int64_t slack() const { return 16 * horizontal_.num_groups; }

  // Takes the next of the rows, from the first of the columns. All of rows() make an image.
  void push_row(const uint8_t* row) noexcept;

 private:
  // One more than an output row is made of: the lower of two may come before that row was made.
  int64_t num_ring_rows() const { return vertical_.num_taps + 1; }
  uint8_t* ring_row(int64_t row) { return ring_.data() + row % num_ring_rows() * row_bytes_; }
  void resize_pair(const RowPair& rows) noexcept;
  void emit_row(int64_t row) noexcept;
  void normalise_row(int64_t row) noexcept;

  const Kernels& kernels_;
  TapTable vertical_;
  TapTable horizontal_;
  ResizedShape shape_;
  ImageOut out_;
  int64_t pitch_;      // pixels of a row in the ring
  int64_t row_bytes_;  // of a row in the ring: [3, pitch] or [pitch, 3]
  int64_t num_pushed_;
  int64_t num_resized_;
  int64_t num_emitted_;
  std::vector<uint8_t> held_;  // a row that waits for the next
  std::vector<uint8_t> ring_;  // [num_ring_rows(), row_bytes]
  std::vector<uint8_t> blended_;
  std::vector<const uint8_t*> tap_rows_;
};

}  // namespace bsgrow
