#include "bsgrow/load_batch.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "bsgrow/thread_pool.h"
#include "cpu/kernels.h"
#include "cpu/window_table.h"

namespace bsgrow {
namespace {

constexpr int64_t kFirstImage = 8192;  // bytes of a chunk's first image that are asked for at once
constexpr int64_t kPrimed = 6 * kCacheLine;

// What is worked out once a call and then read by all threads.
struct Preparation {
  LoadBatch batch;
  Layout layout;
  const Kernels& kernels;
  WindowTable windows;
  LoadImage load_image;
};

// The biases with which all channels' numbers of 16 bits are made by the shortcut; none where one's
// may not be.
std::vector<float> shortcut_biases(const LoadBatch& batch, const Kernels& kernels) {
  if (batch.dtype == DType::kFloat32) return {};
  const auto find = kernels.find_shortcut[batch.dtype == DType::kBFloat16];
  std::vector<float> biases(batch.bias, batch.bias + batch.shape.channels);
  for (int64_t c = 0; c < batch.shape.channels; ++c) {
    if (!find(batch.scale[c], biases[c])) return {};
  }
  return biases;
}

LoadImage choose_load_image(const Kernels& kernels, const Layout& layout, DType dtype,
                            bool quickly) {
  const int kind = layout.packed() ? 2 : layout.group() == 1 ? 1 : 0;
  if (quickly) return kernels.load_quickly[dtype == DType::kBFloat16][kind];
  return kernels.load_image[static_cast<int>(dtype)][kind];
}

Preparation prepare(const LoadBatch& batch) {
  const Kernels& kernels = best_kernels();
  const std::vector<float> biases = shortcut_biases(batch, kernels);
  Layout layout = make_layout(batch, biases.empty() ? batch.bias : biases.data(), kernels.blocks);
  const LoadImage load_image = choose_load_image(kernels, layout, batch.dtype, !biases.empty());
  WindowTable windows(layout, kernels, batch.augment,
                      static_cast<int64_t>(batch.stop - batch.start));
  return {batch, std::move(layout), kernels, std::move(windows), load_image};
}

// The same pixels where they may be read past their end: not all of that lies in the images that
// come after one of the last.
const uint8_t* readable(const Preparation& p, uint64_t sample, const Scratch& scratch) {
  const int64_t num_bytes = p.layout.image_bytes();
  const uint8_t* const pixels = p.batch.images + sample * num_bytes;
  const uint64_t num_behind = p.batch.stream.num_samples - 1 - sample;
  if (num_behind * num_bytes >= static_cast<uint64_t>(p.layout.overread())) return pixels;
  return static_cast<const uint8_t*>(std::memcpy(scratch.copy, pixels, num_bytes));
}

void load_sample(const Preparation& p, const Draws& draws, int64_t i, int64_t next, int64_t index,
                 const Scratch& scratch) {
  const LoadBatch& batch = p.batch;
  const uint32_t sample = draws.samples[i];
  const Window window{draws.top[i], draws.left[i], draws.flipped[i] != 0};
  const Picture picture{readable(p, sample, scratch), batch.images + next * p.layout.image_bytes(),
                        window.top, p.windows.columns(p.layout, window, scratch.columns),
                        draws.holes[i]};
  char* const out = static_cast<char*>(batch.out_images) + index * p.layout.out_bytes();
  p.load_image(p.layout, picture, scratch, out);
}

// Asks for an image's first bytes; what follows them the processor then fetches by itself in part.
void prefetch(const Preparation& p, uint32_t sample, int64_t num_bytes) {
  const uint8_t* const image = p.batch.images + sample * p.layout.image_bytes();
  num_bytes = std::min(num_bytes, p.layout.image_bytes());
  for (int64_t i = 0; i < num_bytes; i += kCacheLine) __builtin_prefetch(image + i, 0, 2);
}

void draw_samples(const Preparation& p, int64_t first, int64_t count, Draws& draws) {
  const LoadBatch& batch = p.batch;
  order(batch.stream, batch.start + first, count, draws.samples, draws.epochs);
  std::fill(draws.samples + count, std::end(draws.samples), draws.samples[count - 1]);
  prefetch(p, draws.samples[0], kFirstImage);
  prefetch(p, draws.samples[1], kPrimed);
  p.kernels.draw_chunk(batch.augment, batch.shape, batch.stream.seed, draws);
  for (int64_t i = 0; i < count; ++i) {
    batch.out_labels[first + i] = batch.labels[draws.samples[i]];
  }
}

void load_chunk(const Preparation& p, int64_t chunk, const Scratch& scratch) {
  const int64_t first = chunk * kChunk;
  const auto count = std::min<int64_t>(kChunk, p.batch.stop - p.batch.start - first);
  Draws draws{};
  draw_samples(p, first, count, draws);
  for (int64_t i = 0; i < count; ++i) {
    prefetch(p, draws.samples[i + 2], kPrimed);
    load_sample(p, draws, i, draws.samples[i + 1], first + i, scratch);
  }
  if (p.layout.non_temporal) p.kernels.finish_non_temporal();
}

}  // namespace

Chunks load_batch_chunks(const LoadBatch& batch, int num_slots) {
  const int64_t num_images = batch.stop - batch.start;
  const int64_t num_chunks = num_images / kChunk + (num_images % kChunk > 0);
  const auto p = std::make_shared<const Preparation>(prepare(batch));
  const int64_t num_bytes = scratch_bytes(p->layout);
  const auto memory = std::make_shared<std::vector<char>>(
      num_bytes * std::min<int64_t>(num_slots, num_chunks + 1) + kCacheLine);
  return {num_chunks, [=](int64_t chunk, int slot) {
            load_chunk(*p, chunk,
                       make_scratch(p->layout, align(memory->data()) + slot * num_bytes));
          }};
}

void load_batch(const LoadBatch& batch, int num_threads) {
  const Chunks chunks = load_batch_chunks(batch, num_threads);
  parallel_for(chunks.count, num_threads, chunks.body);
}

}  // namespace bsgrow
