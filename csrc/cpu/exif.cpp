#include "bsgrow/exif.h"

namespace bsgrow {
namespace {

constexpr int kUpright = 1;
constexpr uint64_t kOrientationTag = 0x0112;
constexpr uint64_t kShort = 3;
constexpr uint64_t kLong = 4;

struct Tiff {
  const uint8_t* bytes;
  int64_t size;
  bool big_endian;
  bool big;  // BigTIFF: counts and offsets have 64 bits

  uint64_t read(int64_t at, int count) const {
    uint64_t value = 0;
    for (int i = 0; i < count; ++i) {
      value = value << 8 | bytes[at + (big_endian ? i : count - 1 - i)];
    }
    return value;
  }
  int64_t header_bytes() const { return big ? 16 : 8; }
  int offset_bytes() const { return big ? 8 : 4; }
  int count_bytes() const { return big ? 8 : 2; }  // of a directory
  int64_t entry_bytes() const { return big ? 20 : 12; }
};

bool open(const uint8_t* bytes, int64_t size, Tiff* tiff) {
  if (size < 8 || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M')) return false;
  *tiff = {bytes, size, bytes[0] == 'M', false};
  const uint64_t version = tiff->read(2, 2);
  tiff->big = version == 43;
  // 42 in the wrong byte order is read by Pillow and libtiff's kin as it is meant.
  return (version == 42 || version == 42 << 8 || tiff->big) && size >= tiff->header_bytes();
}

// Where the first directory begins, or -1 where it lies outside.
int64_t first_directory(const Tiff& tiff) {
  const uint64_t at = tiff.read(tiff.header_bytes() - tiff.offset_bytes(), tiff.offset_bytes());
  const auto first = static_cast<uint64_t>(tiff.header_bytes());
  const auto end = static_cast<uint64_t>(tiff.size);
  const auto count = static_cast<uint64_t>(tiff.count_bytes());
  return at >= first && at <= end && end - at >= count ? static_cast<int64_t>(at) : -1;
}

int orientation_of(const Tiff& tiff, int64_t entry) {
  const uint64_t type = tiff.read(entry + 2, 2);
  const int64_t value_at = entry + 4 + tiff.offset_bytes();
  if ((type != kShort && type != kLong) || tiff.read(entry + 4, tiff.offset_bytes()) != 1) {
    return kUpright;
  }
  const uint64_t value = tiff.read(value_at, type == kShort ? 2 : 4);
  return value >= 1 && value <= 8 ? static_cast<int>(value) : kUpright;
}

}  // namespace

int read_orientation_tag(const uint8_t* bytes, int64_t size) noexcept {
  Tiff tiff;
  if (!open(bytes, size, &tiff)) return kUpright;
  const int64_t directory = first_directory(tiff);
  if (directory < 0) return kUpright;
  uint64_t left = tiff.read(directory, tiff.count_bytes());
  int64_t entry = directory + tiff.count_bytes();
  for (; left > 0 && entry <= size - tiff.entry_bytes(); --left, entry += tiff.entry_bytes()) {
    if (tiff.read(entry, 2) == kOrientationTag) return orientation_of(tiff, entry);
  }
  return kUpright;
}

}  // namespace bsgrow
