#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "bsgrow/decode_batch.h"
#include "jpeg/baseline/decode_frame.h"
#include "jpeg/errors.h"

namespace bsgrow {

// One image, decoded as far as is needed: by ourselves where it is of the usual kind and sound,
// else by libjpeg-turbo, which reads its header and tells what is wrong. What is decoded of it has
// the same pixels as if libjpeg-turbo had decoded all of it: the accurate integer DCT and the
// smooth upsampling of colour, with what lies beside the rectangle taken into account.
class JpegDecoder {
 public:
  // by_libjpeg: whether libjpeg-turbo decodes all.
  explicit JpegDecoder(const EncodedImage& image, bool by_libjpeg = false)
      : image_(image), by_libjpeg_(by_libjpeg) {}
  ~JpegDecoder() { jpeg_destroy_decompress(&info_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  // Reads the header. Returns whether the image can be decoded; if not, status says why. Colours
  // that are left to Pillow are looked through first: kUnsupported only where no pixel is lost.
  bool open(int64_t max_pixels, DecodeStatus* status);

  // Sides of the image as it is decoded.
  int64_t height() const { return reduced_side(info_.image_height); }
  int64_t width() const { return reduced_side(info_.image_width); }

  // From here on the image is smaller by that, 1, 2, 4 or 8, its last pixels of parts of as many.
  void reduce(int64_t reduction) { reduction_ = reduction; }

  // Decodes a rectangle of the stored image, once. slack bytes beyond a row may be read.
  // Where restart intervals allow it, what lies above and beside it is skipped undecoded.
  bool decode(const Rectangle& rectangle, int64_t slack, const RowSink& sink, DecodeStatus* status);

 private:
  int64_t decode_ourselves(const Rectangle& rectangle, int64_t slack, const RowSink& sink) const;
  bool decode_by_libjpeg(const Rectangle& rectangle, int64_t slack, const RowSink& sink,
                         DecodeStatus* status);
  int64_t reduced_side(int64_t side) const { return (side + reduction_ - 1) / reduction_; }
  void look_through(DecodeStatus* status);
  void begin(const Rectangle& rectangle);
  void read_rows(const Rectangle& rectangle, const RowSink& sink);
  bool fail(DecodeStatus* status) const;

  const EncodedImage image_;
  const bool by_libjpeg_;
  jpeg_decompress_struct info_{};
  JpegErrors errors_;
  jpeg_progress_mgr progress_{};
  int64_t reduction_ = 1;
  int64_t first_column_ = 0;  // of the decoded rows
  std::vector<uint8_t> row_;
};

}  // namespace bsgrow
