// Writes a batch of each kind on a machine of any kind, and prints what its bytes come to.

#include <array>
#include <cstdio>
#include <vector>

#include "bsgrow/load_batch.h"

using bsgrow::DType;

namespace {

constexpr uint64_t kSamples = 40;
constexpr uint64_t kStart = 35;
constexpr uint64_t kFew = 50;    // images of a batch: within the caches,
constexpr uint64_t kMany = 700;  // and past them, whatever the type of an item

// What pixels of three channels are multiplied with, and what is added.
struct Affine {
  float scale[3];
  float bias[3];
};
constexpr Affine kAffine{{0.015625f, 0.02f, 0.03f}, {-2.0f, -1.5f, -1.0f}};
// A number of the last channel is another where both are done at once, in float16 and bfloat16.
constexpr Affine kErring{{0.015625f, 0.02f, 0.011021125f}, {-2.0f, -1.5f, -0.58407754f}};

// What a byte does to a checksum: an emulated processor takes one step for it in place of eight.
constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    table[byte] = byte;
    for (int bit = 0; bit < 8; ++bit) {
      table[byte] = table[byte] >> 1 ^ (table[byte] & 1 ? 0xEDB88320u : 0);
    }
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

// As zlib has it.
uint32_t crc32(const std::vector<uint8_t>& bytes) {
  uint32_t crc = ~0u;
  for (const uint8_t byte : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

// Bytes that follow from their index alone.
std::vector<uint8_t> make_images(int64_t count) {
  std::vector<uint8_t> images(count);
  for (int64_t i = 0; i < count; ++i) images[i] = static_cast<uint8_t>(i * i % 257 + i / 257);
  return images;
}

uint32_t digest(uint64_t num, int64_t channels, int64_t side, DType dtype, bool channels_last,
                uint32_t cutout, const Affine& affine) {
  const int64_t size = channels * side * side;
  const std::vector<uint8_t> images = make_images(kSamples * size);
  std::vector<int64_t> labels(kSamples), out_labels(num);
  for (uint64_t i = 0; i < kSamples; ++i) labels[i] = static_cast<int64_t>(i);
  std::vector<uint8_t> out(num * size * item_size(dtype));
  const bsgrow::Augment augment{3, bsgrow::Padding::kZero, true, cutout};
  const bsgrow::LoadBatch batch{
      {kSamples, 7, true}, kStart,        kStart + num,     augment,     {channels, side, side},
      images.data(),       labels.data(), affine.scale,     affine.bias, dtype,
      channels_last,       out.data(),    out_labels.data()};
  load_batch(batch, 2);
  out.insert(out.end(), out_labels.begin(), out_labels.end());  // all below 256
  return crc32(out);
}

void print_all(uint64_t num, int64_t channels, int64_t side, std::vector<uint32_t> cutouts,
               const Affine& affine = kAffine) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16}) {
    for (const bool channels_last : {false, true}) {
      for (const uint32_t cutout : cutouts) {
        std::printf(" %u", digest(num, channels, side, dtype, channels_last, cutout, affine));
      }
    }
  }
}

}  // namespace

int main() {
  std::printf("%s", bsgrow::instruction_set());
  for (const int64_t channels : {1, 2, 3}) {
    for (const int64_t side : {32, 13}) print_all(kFew, channels, side, {0, 5});
  }
  for (const int64_t side : {32, 36}) print_all(kMany, 3, side, {5});
  print_all(kFew, 3, 32, {0}, kErring);
  std::printf("\n");
}
