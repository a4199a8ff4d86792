#pragma once

#include <cstdint>
#include <cstdio>
// jpeglib.h needs size_t and FILE before it.
#include <jpeglib.h>

namespace bsgrow {

// How the samples of colour lie beside those of brightness.
enum class Sampling { kFull, kHalfWidth, kHalfBoth };

constexpr int kMostComponents = 3;

// The frames that are decoded without libjpeg: sequential and Huffman-coded, 8 bits, one scan, grey
// or YCbCr of the usual samplings.
struct Frame {
  int64_t height;
  int64_t width;
  int num_components;
  Sampling sampling;
  int64_t restart_interval;  // in units (MCUs), 0 where there are none

  // Blocks of brightness of a side of a unit.
  int64_t columns() const { return sampling == Sampling::kFull ? 1 : 2; }
  int64_t rows() const { return sampling == Sampling::kHalfBoth ? 2 : 1; }
  int64_t unit_width() const { return DCTSIZE * columns(); }
  int64_t unit_height() const { return DCTSIZE * rows(); }
  int64_t units_of_row() const { return (width + unit_width() - 1) / unit_width(); }
  int64_t num_rows() const { return (height + unit_height() - 1) / unit_height(); }
};

// Of what libjpeg has read up to the first scan. Returns whether it is such a frame.
bool read_frame(const jpeg_decompress_struct& info, Frame* frame);

}  // namespace bsgrow
