#include <vector>

#include "bsgrow/decode_batch.h"
#include "jpeg/limits.h"

namespace bsgrow {
namespace {

// Decodes an image that has no end, to see whether it ends with its last row.
class Reading {
 public:
  explicit Reading(const EncodedImage& image) : image_(image) { info_.err = errors_.manager(); }
  ~Reading() { jpeg_destroy_decompress(&info_); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  bool start(int64_t max_pixels) {
    return errors_.run_guarded([=] {
      jpeg_create_decompress(&info_);
      limit_resources(&info_, &progress_);
      jpeg_mem_src(&info_, image_.bytes, image_.size);
      jpeg_read_header(&info_, TRUE);
      if (int64_t{info_.image_height} * info_.image_width > max_pixels) errors_.stop("too large");
      info_.out_color_space = info_.jpeg_color_space;  // no colours are converted
      jpeg_start_decompress(&info_);
      require_scans(info_, &errors_);
    });
  }

  bool finish() {
    row_.resize(int64_t{info_.output_width} * info_.output_components * sizeof(JSAMPLE));
    const bool finished = errors_.run_guarded([this] {
      JSAMPROW row = row_.data();
      while (info_.output_scanline < info_.output_height) jpeg_read_scanlines(&info_, &row, 1);
      jpeg_finish_decompress(&info_);
    });
    // What no row needed is not of this image: zeros, perhaps, where a file was never written.
    return finished && !errors_.left_bytes();
  }

 private:
  const EncodedImage image_;
  jpeg_decompress_struct info_{};
  JpegErrors errors_;
  jpeg_progress_mgr progress_{};
  std::vector<JSAMPLE> row_;
};

}  // namespace

bool is_whole_jpeg(const EncodedImage& image, int64_t max_pixels) {
  if (has_jpeg_end(image)) return true;
  Reading reading(image);
  return reading.start(max_pixels) && reading.finish();
}

}  // namespace bsgrow
