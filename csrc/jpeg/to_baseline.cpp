#include <algorithm>
#include <cstdlib>

#include "bsgrow/decode_batch.h"
#include "jpeg/limits.h"
// jerror.h needs jpeglib.h before it.
#include <jerror.h>

namespace bsgrow {
namespace {

// Of a restart interval: larger ones are decoded for little of them, and each costs some bytes.
constexpr int64_t kMostUnits = 6;

// Units of an interval that cuts rows of so many into whole ones.
int64_t restart_interval_for(int64_t units_of_row) {
  int64_t interval = std::min(units_of_row, kMostUnits);
  while (units_of_row % interval) --interval;
  return interval;
}

constexpr int kAllBytes = 0xFFFF;  // of a marker segment

// The units of a row, by the most blocks of a component in one; each block, where there is one.
int64_t units_of_row(const jpeg_decompress_struct& info) {
  const int64_t width = DCTSIZE * (info.num_components > 1 ? info.max_h_samp_factor : 1);
  return (info.image_width + width - 1) / width;
}

// An image on its way from one structure of libjpeg to the other.
class Transcoder {
 public:
  Transcoder(const EncodedImage& image, bool restarts) : image_(image), restarts_(restarts) {}
  ~Transcoder() {
    jpeg_destroy_compress(&out_);
    jpeg_destroy_decompress(&in_);
    std::free(bytes_);
  }
  Transcoder(const Transcoder&) = delete;
  Transcoder& operator=(const Transcoder&) = delete;

  bool run(int64_t max_pixels) {
    in_.err = errors_.manager();
    out_.err = errors_.manager();
    return errors_.run_guarded([=] {
      read_header(max_pixels);
      jvirt_barray_ptr* const coefficients = jpeg_read_coefficients(&in_);
      require_scans(in_, &errors_);
      write(coefficients);
    });
  }

  DecodeStatus failure() const { return failure_of(errors_, in_.src, image_); }

  // Whether nothing is wrong with the image, but that libjpeg does not write one like it.
  bool is_beyond_writing() const {
    const int code = errors_.code();
    return code == JERR_NO_BACKING_STORE || code == JERR_BAD_MCU_SIZE ||
           code == JERR_COMPONENT_COUNT;
  }

  std::vector<uint8_t> bytes() const { return {bytes_, bytes_ + num_bytes_}; }

 private:
  void read_header(int64_t max_pixels) {
    jpeg_create_decompress(&in_);
    jpeg_create_compress(&out_);
    limit_resources(&in_, &progress_);
    jpeg_mem_src(&in_, image_.bytes, image_.size);
    jpeg_save_markers(&in_, JPEG_COM, kAllBytes);
    for (int i = 0; i < 16; ++i) jpeg_save_markers(&in_, JPEG_APP0 + i, kAllBytes);
    jpeg_read_header(&in_, TRUE);
    last_marker_ = in_.marker_list;
    while (last_marker_ && last_marker_->next) last_marker_ = last_marker_->next;
    if (int64_t{in_.image_height} * in_.image_width > max_pixels) errors_.stop("too many pixels");
  }

  void write(jvirt_barray_ptr* coefficients) {
    jpeg_copy_critical_parameters(&in_, &out_);
    out_.optimize_coding = TRUE;
    if (restarts_) {
      out_.restart_interval = static_cast<unsigned>(restart_interval_for(units_of_row(in_)));
    }
    out_.write_JFIF_header = FALSE;  // they are among the markers, where there are any
    out_.write_Adobe_marker = FALSE;
    jpeg_mem_dest(&out_, &bytes_, &num_bytes_);
    jpeg_write_coefficients(&out_, coefficients);
    for (auto* marker = in_.marker_list; marker; marker = marker->next) {
      jpeg_write_marker(&out_, marker->marker, marker->data, marker->data_length);
      if (marker == last_marker_) break;
    }
    jpeg_finish_compress(&out_);
    jpeg_finish_decompress(&in_);
  }

  const EncodedImage image_;
  const bool restarts_;
  jpeg_decompress_struct in_{};
  jpeg_compress_struct out_{};
  jpeg_saved_marker_ptr last_marker_ = nullptr;  // of the header: what follows a scan says nothing
  JpegErrors errors_;
  jpeg_progress_mgr progress_{};
  unsigned char* bytes_ = nullptr;
  unsigned long num_bytes_ = 0;
};

// Whether it is a JPEG and whole; else the status says why not.
bool read_whole(const EncodedImage& image, int64_t max_pixels, JpegHeader* header,
                DecodeStatus* status) {
  const char* problem = read_jpeg_header(image, header);
  if (!problem && !is_whole_jpeg(image, max_pixels)) problem = "it has no end";
  *status = {problem ? DecodeResult::kFailed : DecodeResult::kDecoded, problem ? problem : ""};
  return !problem;
}

}  // namespace

std::vector<uint8_t> to_baseline(const EncodedImage& image, int64_t max_pixels,
                                 DecodeStatus* status) {
  JpegHeader header;
  if (!read_whole(image, max_pixels, &header, status)) return {};
  if (header.baseline()) return {image.bytes, image.bytes + image.size};
  Transcoder transcoder(image, false);
  if (transcoder.run(max_pixels)) return transcoder.bytes();
  *status = transcoder.failure();
  return {};
}

std::vector<uint8_t> with_restarts(const EncodedImage& image, int64_t max_pixels,
                                   DecodeStatus* status) {
  JpegHeader header;
  if (!read_whole(image, max_pixels, &header, status)) return {};
  const auto as_it_is = [&image] {
    return std::vector<uint8_t>(image.bytes, image.bytes + image.size);
  };
  if (header.lossless() || header.precision != 8) return as_it_is();
  Transcoder transcoder(image, true);
  if (transcoder.run(max_pixels)) return transcoder.bytes();
  if (header.baseline() && transcoder.is_beyond_writing()) return as_it_is();
  *status = transcoder.failure();
  return {};
}

}  // namespace bsgrow
