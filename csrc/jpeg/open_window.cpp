#include "jpeg/open_window.h"

namespace bsgrow {
namespace {

bool lies_inside(const CropWindow& window, int64_t height, int64_t width) {
  return window.top >= 0 && window.left >= 0 && window.height > 0 && window.width > 0 &&
         int64_t{window.top} + window.height <= height &&
         int64_t{window.left} + window.width <= width;
}

std::string describe(const CropWindow& window, int64_t height, int64_t width) {
  return "its window (top " + std::to_string(window.top) + ", left " + std::to_string(window.left) +
         ", " + std::to_string(window.height) + " x " + std::to_string(window.width) +
         ") does not lie in the image of " + std::to_string(height) + " x " + std::to_string(width);
}

}  // namespace

bool open_window(const EncodedImage& image, const CropWindow& window, int64_t max_pixels,
                 JpegDecoder* decoder, Orientation* orientation, DecodeStatus* status) {
  if (!decoder->open(max_pixels, status)) return false;
  JpegHeader header;
  if (const char* const problem = read_jpeg_header(image, &header)) {  // which libjpeg passes over
    *status = {DecodeResult::kFailed, problem};
    return false;
  }
  *orientation = header.orientation;
  const int64_t height = orientation->transposed ? decoder->width() : decoder->height();
  const int64_t width = orientation->transposed ? decoder->height() : decoder->width();
  if (lies_inside(window, height, width)) return true;
  *status = {DecodeResult::kFailed, describe(window, height, width)};
  return false;
}

}  // namespace bsgrow
