#pragma once

#include <cstdint>
#include <vector>

#include "bsgrow/augment.h"
#include "bsgrow/order.h"
#include "bsgrow/thread_pool.h"

namespace bsgrow {

enum class DType : uint8_t { kFloat32, kFloat16, kBFloat16 };

constexpr int64_t item_size(DType dtype) { return dtype == DType::kFloat32 ? 4 : 2; }

struct ImageShape {
  int64_t channels;
  int64_t height;
  int64_t width;
};

struct LoadBatch {
  SampleStream stream;
  uint64_t start;  // positions [start, stop) of the stream
  uint64_t stop;
  Augment augment;
  ImageShape shape;
  const uint8_t* images;  // [num_samples, channels, height, width], contiguous
  const int64_t* labels;  // [num_samples]
  const float* scale;     // [channels]: out = pixel * scale + bias, rounded after each operation
  const float* bias;      // [channels]
  DType dtype;
  bool channels_last;
  void* out_images;     // [stop - start, channels, height, width] in dtype, either layout
  int64_t* out_labels;  // [stop - start]
};

// Gather, pad, crop, flip, normalise, cast and cut out, fused: each pixel is read and written once.
// The arguments are not checked here; throws only before anything is written:
// std::bad_alloc, and what instruction_set throws.
void load_batch(const LoadBatch& batch, int num_threads);

// The same as chunks for a Task, with scratch memory for so many slots. scale and bias are copied;
// the other arrays must live as long as the chunks are worked on. Throws as load_batch does.
Chunks load_batch_chunks(const LoadBatch& batch, int num_slots);

// The vector code in use: "avx512bf16", "avx512", "avx2" or "baseline". Throws
// std::invalid_argument where the variable BSGROW_INSTRUCTION_SET names one that this machine
// lacks.
const char* instruction_set();

// What this machine runs, the best first.
std::vector<const char*> instruction_sets();

}  // namespace bsgrow
