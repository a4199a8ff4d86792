#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bsgrow/jpeg_header.h"
#include "bsgrow/resize.h"
#include "bsgrow/resized_crop.h"
#include "bsgrow/thread_pool.h"

namespace bsgrow {

enum class DecodeResult : uint8_t {
  kDecoded,
  kUnsupported,  // perhaps another decoder can: no JPEG, CMYK without lost pixels, 12 bits
  kFailed        // corrupt, too large, or the window lies outside
};

struct DecodeStatus {
  DecodeResult result = DecodeResult::kFailed;
  std::string message = "it was not decoded";  // where it was not: what the task was cancelled at
};

struct DecodeBatch {
  const EncodedImage* images;  // [num_images]
  const CropWindow* windows;   // [num_images], in the image as it is shown
  int64_t num_images;
  ResizedShape shape;
  const float* scale;  // [3]: out = pixel * scale + bias, rounded after each operation
  const float* bias;   // [3]
  DType dtype;
  bool channels_last;
  void* out_images;    // [num_images, 3, height, width] in dtype, either layout
  int64_t max_pixels;  // of an image: more of them are an error, whatever the window
  bool scaled;  // whether an image is reduced by 2, 4 or 8 as it is decoded, where its window keeps
                // as many pixels as it is resized to: other pixels, in less time
  bool by_libjpeg;  // whether nothing is decoded by ourselves: the same pixels, to compare with
};

// Decodes, crops, resizes, mirrors, normalises and casts: each image in one pass, of which no more
// is decoded than the window needs. What is written for an image that fails is not specified.
//
// As chunks for parallel_for or a Task; statuses is [num_images], and what it and the batch point
// to must live as long as the chunks are worked on, but for scale and bias, which are copied.
// Throws std::bad_alloc, and what instruction_set throws.
Chunks decode_batch_chunks(const DecodeBatch& batch, DecodeStatus* statuses);

// Decodes each window and keeps nothing of it: what decoding alone costs.
Chunks decode_only_chunks(const EncodedImage* images, const CropWindow* windows, int64_t num_images,
                          int64_t max_pixels, bool by_libjpeg, DecodeStatus* statuses);

// Whether a JPEG has its end; or lacks the marker alone, every row being there and nothing behind
// them. To tell costs a decoding where there is no marker.
bool is_whole_jpeg(const EncodedImage& image, int64_t max_pixels);

// The same pixels as a Huffman-coded sequential JPEG, which every hardware decoder reads, with the
// markers that its header had, to the byte and in their order: they say what its colours are and
// how it is shown. Lossless: coefficients are not touched. What is so already is returned as
// it is. On failure the status says why, and nothing is returned.
std::vector<uint8_t> to_baseline(const EncodedImage& image, int64_t max_pixels,
                                 DecodeStatus* status);

// The same, cut into restart intervals of a few units of a row, so that a window is decoded without
// what lies above and beside it. What is not of 8 bits, lossless, or baseline and beyond what
// libjpeg writes or holds in 512 MiB, is returned as it is.
std::vector<uint8_t> with_restarts(const EncodedImage& image, int64_t max_pixels,
                                   DecodeStatus* status);

}  // namespace bsgrow
