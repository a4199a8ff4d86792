#include "jpeg/decoder.h"

#include <algorithm>

#include "bsgrow/jpeg_header.h"
#include "jpeg/limits.h"

namespace bsgrow {
namespace {

// Smooth upsampling looks at the neighbouring colour sample, two pixels away at most.
constexpr int64_t kMargin = 2;

// libjpeg-turbo writes rows aligned to its vectors past the caches, and waiting to read them back
// took 29 % of the time: rows start so far behind a multiple of 64.
constexpr int64_t kMisaligned = 8;

uint8_t* misalign(uint8_t* bytes) {
  const auto address = reinterpret_cast<uintptr_t>(bytes);
  return bytes + (64 - address % 64) + kMisaligned;
}

bool is_supported(const jpeg_decompress_struct& info) {
  const J_COLOR_SPACE space = info.jpeg_color_space;
  return info.data_precision == 8 &&
         (space == JCS_GRAYSCALE || space == JCS_YCbCr || space == JCS_RGB);
}

// libjpeg-turbo 3 decodes these, but no part of one, and without the tables that scans bring.
bool is_lossless(const EncodedImage& image) {
  JpegHeader header;
  return !read_jpeg_header(image, &header) && header.lossless();
}

}  // namespace

bool JpegDecoder::open(int64_t max_pixels, DecodeStatus* status) {
  info_.err = errors_.manager();
  if (is_lossless(image_)) {
    *status = {DecodeResult::kUnsupported, "a lossless JPEG"};
    return false;
  }
  const bool opened = errors_.run_guarded([this] {
    jpeg_create_decompress(&info_);
    limit_resources(&info_, &progress_);
    jpeg_mem_src(&info_, image_.bytes, image_.size);
    jpeg_read_header(&info_, TRUE);
  });
  if (!opened) return fail(status);
  if (height() * width() > max_pixels) {
    *status = {DecodeResult::kFailed, describe_excess(info_, max_pixels)};
    return false;
  }
  if (is_supported(info_)) return true;
  *status = {DecodeResult::kUnsupported, describe_kind(info_)};
  if (info_.data_precision == 8) look_through(status);
  return false;
}

// Pillow passes over lost pixels, so that each row is decoded here and dropped, as it is stored.
void JpegDecoder::look_through(DecodeStatus* status) {
  row_.resize(info_.num_components * width());
  const bool is_whole = errors_.run_guarded([this] {
    info_.out_color_space = info_.jpeg_color_space;
    jpeg_start_decompress(&info_);
    require_scans(info_, &errors_);
    JSAMPROW row = row_.data();
    while (info_.output_scanline < info_.output_height) jpeg_read_scanlines(&info_, &row, 1);
  });
  if (!is_whole) fail(status);
}

bool JpegDecoder::decode(const Rectangle& rectangle, int64_t slack, const RowSink& sink,
                         DecodeStatus* status) {
  int64_t num_done = by_libjpeg_ ? 0 : decode_ourselves(rectangle, slack, sink);
  if (num_done == rectangle.height) return true;
  const auto rest = [&num_done, &sink](const uint8_t* row) {
    if (num_done-- <= 0) sink(row);
  };
  return decode_by_libjpeg(rectangle, slack, rest, status);
}

// Returns how many rows were decoded: all, or those above what libjpeg has to look at.
int64_t JpegDecoder::decode_ourselves(const Rectangle& rectangle, int64_t slack,
                                      const RowSink& sink) const {
  Frame frame;
  if (!read_frame(info_, reduction_, &frame)) return 0;
  return decode_frame(info_, frame, rectangle, slack, sink);
}

bool JpegDecoder::decode_by_libjpeg(const Rectangle& rectangle, int64_t slack, const RowSink& sink,
                                    DecodeStatus* status) {
  row_.resize(64 + kMisaligned + 3 * width() + slack);
  const bool decoded = errors_.run_guarded([&] {
    begin(rectangle);
    read_rows(rectangle, sink);
  });
  return decoded || fail(status);
}

void JpegDecoder::begin(const Rectangle& rectangle) {
  info_.out_color_space = JCS_RGB;
  info_.dct_method = JDCT_ISLOW;
  info_.scale_num = 1;
  info_.scale_denom = static_cast<unsigned>(reduction_);
  info_.do_block_smoothing = FALSE;  // no guesses at coefficients that a file leaves out
  jpeg_start_decompress(&info_);
  require_scans(info_, &errors_);
  const int64_t left = std::max<int64_t>(rectangle.left - kMargin, 0);
  const int64_t right = std::min(rectangle.left + rectangle.width + kMargin, width());
  if (left > 0 || right < width()) {
    auto first = static_cast<JDIMENSION>(left);
    auto count = static_cast<JDIMENSION>(right - left);
    jpeg_crop_scanline(&info_, &first, &count);  // widens to whole blocks
    first_column_ = first;
  }
  if (rectangle.top > 0) jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(rectangle.top));
}

void JpegDecoder::read_rows(const Rectangle& rectangle, const RowSink& sink) {
  JSAMPROW row = misalign(row_.data());
  const uint8_t* const first = row + 3 * (rectangle.left - first_column_);
  for (int64_t y = 0; y < rectangle.height; ++y) {
    if (jpeg_read_scanlines(&info_, &row, 1) != 1) errors_.stop("a row is missing");
    sink(first);
  }
}

bool JpegDecoder::fail(DecodeStatus* status) const {
  *status = failure_of(errors_, info_.src, image_);
  return false;
}

}  // namespace bsgrow
