#include "jpeg/limits.h"

#include <algorithm>
// jerror.h needs jpeglib.h before it.
#include <jerror.h>

namespace bsgrow {
namespace {

void stop_at_many_scans(j_common_ptr common) {
  const auto* const info = reinterpret_cast<j_decompress_ptr>(common);
  if (info->input_scan_number > kMaxScans) {
    reinterpret_cast<JpegErrors*>(info->err)->stop("more than 100 scans");
  }
}

const char* name_of(J_COLOR_SPACE space) {
  switch (space) {
    case JCS_CMYK:
      return "CMYK";
    case JCS_YCCK:
      return "YCCK";
    case JCS_GRAYSCALE:
      return "greyscale";
    case JCS_RGB:
      return "RGB";
    case JCS_YCbCr:
      return "YCbCr";
    default:
      return "unknown";
  }
}

// Whether each coefficient of a progressive image is there to its last bit; true of others.
bool are_all_refined(const jpeg_decompress_struct& info) {
  if (!info.progressive_mode || !info.coef_bits) return true;
  for (int i = 0; i < info.num_components; ++i) {
    const int* const bits = info.coef_bits[i];
    if (std::any_of(bits, bits + DCTSIZE2, [](int missing) { return missing != 0; })) return false;
  }
  return true;
}

}  // namespace

void limit_resources(jpeg_decompress_struct* info, jpeg_progress_mgr* progress) {
  progress->progress_monitor = stop_at_many_scans;
  info->progress = progress;
  info->mem->max_memory_to_use = kMaxBytes;
}

void require_scans(const jpeg_decompress_struct& info, JpegErrors* errors) {
  for (int i = 0; i < info.num_components; ++i) {
    // Set when the first scan of a component begins.
    if (!info.comp_info[i].quant_table) errors->stop("the scans of a component are missing");
  }
  if (errors->reached_end() && !are_all_refined(info)) errors->stop("Premature end of JPEG file");
}

DecodeStatus failure_of(const JpegErrors& errors, const jpeg_source_mgr* source,
                        const EncodedImage& image) {
  const auto result = errors.is_unsupported() ? DecodeResult::kUnsupported : DecodeResult::kFailed;
  // At the end of the data libjpeg reads an end-of-image marker of its own.
  int64_t position = image.size;
  const uint8_t* const next = source ? source->next_input_byte : image.bytes;
  if (next >= image.bytes && next <= image.bytes + image.size) position = next - image.bytes;
  const std::string problem = errors.code() == JERR_NO_BACKING_STORE
                                  ? "its coefficients need more than 512 MiB of memory"
                                  : errors.message();
  return {result, problem + " (near byte " + std::to_string(position) + " of " +
                      std::to_string(image.size) + ")"};
}

std::string describe_kind(const jpeg_decompress_struct& info) {
  return std::string("a JPEG of ") + name_of(info.jpeg_color_space) + " colours, " +
         std::to_string(info.num_components) + " components of " +
         std::to_string(info.data_precision) + " bits";
}

std::string describe_excess(const jpeg_decompress_struct& info, int64_t max_pixels) {
  return std::to_string(info.image_height) + " x " + std::to_string(info.image_width) +
         " pixels are more than the " + std::to_string(max_pixels) + " allowed";
}

}  // namespace bsgrow
