#pragma once

#include <cstdint>

namespace bsgrow {

struct EncodedImage {
  const uint8_t* bytes;
  int64_t size;
};

// How the image that a camera stored is to be shown: EXIF 2.32, tag 0x0112. The stored image is
// transposed first, then its rows and columns are reversed.
struct Orientation {
  bool transposed;
  bool rows_reversed;  // of the stored image
  bool columns_reversed;

  bool is_upright() const { return !transposed && !rows_reversed && !columns_reversed; }
};

struct JpegHeader {
  int64_t height;  // as stored, not as shown
  int64_t width;
  bool baseline;  // Huffman-coded, sequential, 8 bits: SOF0
  bool lossless;  // SOF3, 7, 11 and 15
  Orientation orientation;
};

// Reads what lies before the first scan, without decoding. Returns what is wrong, or null.
const char* read_jpeg_header(const EncodedImage& image, JpegHeader* header) noexcept;

}  // namespace bsgrow
