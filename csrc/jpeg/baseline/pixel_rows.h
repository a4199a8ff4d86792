#pragma once

#include <functional>
#include <vector>

#include "cpu/kernels.h"
#include "jpeg/baseline/component.h"

namespace bsgrow {

// Takes the next row: uint8 [width, 3], red, green, blue. Must not throw.
using RowSink = std::function<void(const uint8_t* row)>;

// Makes the rows of a rectangle of samples, from the top on.
class PixelRows {
 public:
  // slack bytes beyond a row may be read by the sink.
  PixelRows(const Frame& frame, const Rectangle& rectangle, const Units& units, int64_t slack,
            const RowSink& sink);

  // Gives on what is complete with a row of units, the next: all of it, but for a row whose colours
  // lean on those below.
  void add(int64_t unit_row, Components* components);

  int64_t num_done() const { return next_ - rectangle_.top; }

 private:
  void make_row(int64_t row, Components* components);
  const uint8_t* colours_of(Plane* plane, int64_t row, uint8_t* out) const;

  const Frame& frame_;
  const Rectangle rectangle_;
  const RowSink& sink_;
  const Kernels& kernels_ = best_kernels();
  int64_t left_;   // the first pixel that is made: where two share a sample of colour, the first
  int64_t count_;  // of pixels
  int64_t first_sample_;  // of brightness that is kept
  int64_t next_;
  std::vector<uint8_t> colours_[2];
  std::vector<uint8_t> pixels_;
};

}  // namespace bsgrow
