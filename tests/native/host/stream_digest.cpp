// Writes a batch of each kind on a machine of any kind, and prints what its bytes come to.

#include <cstdio>
#include <vector>

#include "bsgrow/load_batch.h"

using bsgrow::DType;

namespace {

constexpr uint64_t kSamples = 40;
constexpr uint64_t kStart = 35;
constexpr uint64_t kStop = 85;

// As zlib has it.
uint32_t crc32(const std::vector<uint8_t>& bytes) {
  uint32_t crc = ~0u;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

// Bytes that follow from their index alone.
std::vector<uint8_t> make_images(int64_t count) {
  std::vector<uint8_t> images(count);
  for (int64_t i = 0; i < count; ++i) images[i] = static_cast<uint8_t>(i * i % 257 + i / 257);
  return images;
}

uint32_t digest(int64_t channels, int64_t side, DType dtype, bool channels_last, uint32_t cutout) {
  const int64_t size = channels * side * side;
  const std::vector<uint8_t> images = make_images(kSamples * size);
  std::vector<int64_t> labels(kSamples), out_labels(kStop - kStart);
  for (uint64_t i = 0; i < kSamples; ++i) labels[i] = static_cast<int64_t>(i);
  std::vector<uint8_t> out((kStop - kStart) * size * item_size(dtype));
  const float scale[] = {0.015625f, 0.02f, 0.03f}, bias[] = {-2.0f, -1.5f, -1.0f};
  const bsgrow::Augment augment{3, bsgrow::Padding::kZero, true, cutout};
  const bsgrow::LoadBatch batch{
      {kSamples, 7, true}, kStart, kStop, augment, {channels, side, side}, images.data(),
      labels.data(),       scale,  bias,  dtype,   channels_last,          out.data(),
      out_labels.data()};
  load_batch(batch, 2);
  out.insert(out.end(), out_labels.begin(), out_labels.end());  // all below 256
  return crc32(out);
}

}  // namespace

int main() {
  std::printf("%s", bsgrow::instruction_set());
  for (const int64_t channels : {1, 3}) {
    for (const int64_t side : {32, 13}) {
      for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16}) {
        for (const bool channels_last : {false, true}) {
          for (const uint32_t cutout : {0u, 5u}) {
            std::printf(" %u", digest(channels, side, dtype, channels_last, cutout));
          }
        }
      }
    }
  }
  std::printf("\n");
}
