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
  uint8_t frame;      // the marker of its frame header: 0xC0 (SOF0) is baseline, 0xC2 progressive
  uint8_t precision;  // bits of a sample
  int num_components;
  uint8_t component_ids[4];  // of the first four
  bool jfif;                 // whether there is a JFIF marker
  int adobe_transform;       // of an Adobe marker; -1 where there is none
  bool tidy;                 // between its segments there is nothing but fill bytes
  int64_t first_scan;        // where it begins, 0 where there is none
  int orientation_tag;       // 1 to 8
  Orientation orientation;

  bool baseline() const { return frame == 0xC0; }   // Huffman-coded, sequential, 8 bits
  bool lossless() const { return frame % 4 == 3; }  // SOF3, 7, 11 and 15
};

// Reads what lies before the first scan, without decoding. Returns what is wrong, or null.
//
// The first APP1 segment that begins with "Exif", 0, 0 gives the orientation, whatever is in it;
// see bsgrow/exif.h. Bytes that are no segment are skipped up to the next marker, as by libjpeg.
const char* read_jpeg_header(const EncodedImage& image, JpegHeader* header) noexcept;

// Whether an end-of-image marker follows the first scan. An earlier one, as that of a thumbnail,
// does not count; bytes behind it do no harm.
bool has_jpeg_end(const EncodedImage& image) noexcept;

}  // namespace bsgrow
