#include "bsgrow/load_batch.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "bsgrow/thread_pool.h"
#include "cpu/kernels.h"

namespace bsgrow {
namespace {

constexpr int64_t kChunk = 32;  // images: small enough to share out evenly, and their order fits L1

int64_t item_size(DType dtype) { return dtype == DType::kFloat32 ? 4 : 2; }

// What is worked out once a call and then read by all threads.
struct Job {
  LoadBatch batch;
  Stage stage;
  bool staged;  // false: every window is the image itself, read where it lies
  const Kernels& kernels;
  Convert convert;
  std::vector<float> scale;  // one a channel, or one for each element of an interleaved row
  std::vector<float> bias;
  int64_t image_elements;
  int64_t image_bytes;  // of output
  bool streamed;
};

std::vector<float> repeat(const float* values, int64_t count, int64_t times) {
  std::vector<float> repeated;
  repeated.reserve(count * times);
  for (int64_t i = 0; i < times; ++i) repeated.insert(repeated.end(), values, values + count);
  return repeated;
}

Job make_job(const LoadBatch& batch) {
  const ImageShape& shape = batch.shape;
  const bool interleaved = batch.channels_last && shape.channels > 1;
  const bool staged = interleaved || batch.augment.pad > 0 || batch.augment.flip;
  const Kernels& kernels = best_kernels();
  const int64_t times = interleaved ? shape.width : 1;
  const int64_t elements = shape.channels * shape.height * shape.width;
  const int64_t image_bytes = elements * item_size(batch.dtype);
  const auto num_images = static_cast<int64_t>(batch.stop - batch.start);
  return {batch,
          {shape, batch.augment.pad, batch.augment.padding, interleaved},
          staged,
          kernels,
          kernels.convert[static_cast<int>(batch.dtype)][!interleaved],
          repeat(batch.scale, shape.channels, times),
          repeat(batch.bias, shape.channels, times),
          elements,
          image_bytes,
          num_images > kStreamedBytes / image_bytes};
}

void convert_image(const Job& job, const uint8_t* window, char* out) {
  const Stage& stage = job.stage;
  const int64_t out_plane = job.image_bytes / stage.num_planes();
  Rows rows{window, stage.stride(), stage.shape.height, stage.shape.width * stage.group(),
            job.streamed};
  for (int64_t p = 0; p < stage.num_planes(); ++p) {
    job.convert(rows, &job.scale[p], &job.bias[p], out + p * out_plane);
    rows.first += stage.plane_bytes();
  }
}

// Zero bits are the number 0 in each dtype.
void cut_out(const Job& job, const Hole& hole, char* out) {
  const Stage& stage = job.stage;
  const int64_t pixel = job.image_bytes / job.image_elements * stage.group();
  const int64_t num_rows = stage.num_planes() * stage.shape.height;
  const int64_t row_bytes = stage.shape.width * pixel;
  for (int64_t plane = 0; plane < num_rows; plane += stage.shape.height) {
    for (int64_t y = plane + hole.top; y < plane + hole.bottom; ++y) {
      std::memset(out + y * row_bytes + hole.left * pixel, 0, (hole.right - hole.left) * pixel);
    }
  }
}

void load_image(const Job& job, int64_t sample, uint32_t epoch, int64_t index, uint8_t* scratch) {
  const LoadBatch& batch = job.batch;
  const uint64_t seed = batch.stream.seed;
  const auto key = static_cast<uint32_t>(sample);
  const uint8_t* window = batch.images + sample * job.image_elements;
  if (job.staged) {
    const Window drawn = draw_window(batch.augment, seed, key, epoch);
    window = stage_window(job.stage, job.kernels.stage_rows, drawn, window, scratch);
  }
  char* const out = static_cast<char*>(batch.out_images) + index * job.image_bytes;
  convert_image(job, window, out);
  const ImageShape& shape = batch.shape;
  cut_out(job, draw_hole(batch.augment, seed, key, epoch, shape.height, shape.width), out);
  batch.out_labels[index] = batch.labels[sample];
}

// Samples lie anywhere in memory: asking for one while the one before it is worked on hides part of
// the wait.
void prefetch(const Job& job, int64_t sample) {
  constexpr int64_t kCacheLine = 64;
  const uint8_t* const image = job.batch.images + sample * job.image_elements;
  for (int64_t i = 0; i < job.image_elements; i += kCacheLine) __builtin_prefetch(image + i, 0, 2);
}

void load_chunk(const Job& job, int64_t chunk, uint8_t* scratch) {
  const LoadBatch& batch = job.batch;
  const int64_t first = chunk * kChunk;
  const auto count = std::min<int64_t>(kChunk, batch.stop - batch.start - first);
  int64_t samples[kChunk];
  uint32_t epochs[kChunk];
  order(batch.stream, batch.start + first, count, samples, epochs);
  for (int64_t i = 0; i < count; ++i) {
    if (i + 1 < count) prefetch(job, samples[i + 1]);
    load_image(job, samples[i], epochs[i], first + i, scratch);
  }
  if (job.streamed) job.kernels.finish_streamed();
}

}  // namespace

Chunks load_batch_chunks(const LoadBatch& batch, int num_slots) {
  const int64_t num_images = batch.stop - batch.start;
  const int64_t num_chunks = num_images / kChunk + (num_images % kChunk > 0);
  const auto job = std::make_shared<const Job>(make_job(batch));
  const int64_t scratch_bytes = job->staged ? job->stage.num_bytes() : 0;
  const auto scratch = std::make_shared<std::vector<uint8_t>>(
      scratch_bytes * std::min<int64_t>(num_slots, num_chunks + 1));
  return {num_chunks, [=](int64_t chunk, int slot) {
            load_chunk(*job, chunk, scratch->data() + slot * scratch_bytes);
          }};
}

void load_batch(const LoadBatch& batch, int num_threads) {
  const Chunks chunks = load_batch_chunks(batch, num_threads);
  parallel_for(chunks.count, num_threads, chunks.body);
}

}  // namespace bsgrow
