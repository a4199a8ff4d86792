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
// or YCbCr of the usual samplings. At a part of the size colours have the size of the image: those
// that are stored at half of it are reduced by half as much.
struct Frame {
  int64_t height;  // as it is decoded
  int64_t width;
  int64_t reduction;  // 1, 2, 4 or 8
  int num_components;
  Sampling sampling;         // as it is stored
  int64_t restart_interval;  // in units (MCUs), 0 where there are none

  // Blocks of brightness of a side of a unit; of each colour there is one block.
  int64_t columns() const { return sampling == Sampling::kFull ? 1 : 2; }
  int64_t rows() const { return sampling == Sampling::kHalfBoth ? 2 : 1; }

  // Samples of a side of a block.
  int64_t brightness_side() const { return DCTSIZE / reduction; }
  int64_t colour_side() const { return brightness_side() * (is_reduced() ? columns() : 1); }

  // Pixels of a side that share a sample of colour.
  int64_t shared_columns() const { return is_reduced() ? 1 : columns(); }
  int64_t shared_rows() const { return is_reduced() ? 1 : rows(); }

  int64_t unit_width() const { return brightness_side() * columns(); }
  int64_t unit_height() const { return brightness_side() * rows(); }
  int64_t units_of_row() const { return (width + unit_width() - 1) / unit_width(); }
  int64_t num_rows() const { return (height + unit_height() - 1) / unit_height(); }

 private:
  bool is_reduced() const { return reduction > 1; }
};

// Of what libjpeg has read up to the first scan. Returns whether it is such a frame.
bool read_frame(const jpeg_decompress_struct& info, int64_t reduction, Frame* frame);

}  // namespace bsgrow
