#include "bsgrow/jpeg_header.h"

#include <cstring>

namespace bsgrow {
namespace {

// Bytes that are read in order, and never beyond their end.
struct Reader {
  const uint8_t* next;
  const uint8_t* end;

  int64_t left() const { return end - next; }
  bool skip(int64_t count) {
    if (count > left()) return false;
    next += count;
    return true;
  }
  bool read_byte(uint8_t* value) {
    if (left() < 1) return false;
    *value = *next++;
    return true;
  }
};

uint32_t read_integer(const uint8_t* bytes, int count, bool big_endian) {
  uint32_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | bytes[big_endian ? i : count - 1 - i];
  return value;
}

enum Marker : uint8_t {
  kSof0 = 0xC0,
  kDht = 0xC4,
  kJpg = 0xC8,
  kDac = 0xCC,
  kSof15 = 0xCF,
  kRst0 = 0xD0,
  kSoi = 0xD8,
  kEoi = 0xD9,
  kSos = 0xDA,
  kApp1 = 0xE1,
  kTem = 0x01
};

bool is_frame(uint8_t marker) {
  return marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg && marker != kDac;
}

bool stands_alone(uint8_t marker) {
  return (marker >= kRst0 && marker <= kSoi) || marker == kTem || marker == 0;
}

// Bytes before a marker are skipped, as libjpeg does.
bool next_marker(Reader* reader, uint8_t* marker) {
  do {
    const void* const found = std::memchr(reader->next, 0xFF, reader->left());
    if (!found) return false;
    reader->next = static_cast<const uint8_t*>(found);
    do {
      if (!reader->read_byte(marker)) return false;
    } while (*marker == 0xFF);
  } while (*marker == 0);
  return true;
}

Orientation to_orientation(uint32_t tag) {
  switch (tag) {
    case 2:
      return {false, false, true};
    case 3:
      return {false, true, true};
    case 4:
      return {false, true, false};
    case 5:
      return {true, false, false};
    case 6:
      return {true, true, false};
    case 7:
      return {true, true, true};
    case 8:
      return {true, false, true};
    default:
      return {false, false, false};
  }
}

// The tag of the first directory of a TIFF, 1 (upright) where it has none that can be read.
uint32_t read_orientation_tag(const uint8_t* tiff, int64_t size) {
  constexpr uint32_t kTag = 0x0112;
  constexpr uint32_t kShort = 3;
  constexpr int64_t kEntryBytes = 12;
  if (size < 8) return 1;
  const bool big_endian = tiff[0] == 'M';
  if (std::memcmp(tiff, big_endian ? "MM\0*" : "II*\0", 4) != 0) return 1;
  const int64_t directory = read_integer(tiff + 4, 4, big_endian);
  if (directory > size - 2) return 1;
  const int64_t num_entries = read_integer(tiff + directory, 2, big_endian);
  for (int64_t i = 0; i < num_entries; ++i) {
    const int64_t at = directory + 2 + i * kEntryBytes;
    if (at > size - kEntryBytes) return 1;
    const uint8_t* const entry = tiff + at;
    if (read_integer(entry, 2, big_endian) != kTag) continue;
    const bool is_short = read_integer(entry + 2, 2, big_endian) == kShort;
    return read_integer(entry + 8, is_short ? 2 : 4, big_endian);
  }
  return 1;
}

void read_exif(const uint8_t* segment, int64_t size, JpegHeader* header) {
  constexpr char kExif[] = "Exif\0";  // and the zero that ends it
  constexpr int64_t kLength = sizeof kExif;
  if (size < kLength || std::memcmp(segment, kExif, kLength) != 0) return;
  header->orientation = to_orientation(read_orientation_tag(segment + kLength, size - kLength));
}

// The frame header: precision, height, width, number of components.
bool read_frame(uint8_t marker, const uint8_t* segment, int64_t size, JpegHeader* header) {
  if (size < 6) return false;
  header->baseline = marker == kSof0;
  header->lossless = marker % 4 == 3;
  header->height = read_integer(segment + 1, 2, true);
  header->width = read_integer(segment + 3, 2, true);
  return true;
}

const char* read_segments(Reader* reader, JpegHeader* header) {
  bool has_exif = false;
  for (uint8_t marker; next_marker(reader, &marker);) {
    if (stands_alone(marker)) continue;
    if (marker == kSos || marker == kEoi) return header->height ? nullptr : "no frame header";
    if (reader->left() < 2) break;
    const int64_t length = read_integer(reader->next, 2, true);
    const uint8_t* const segment = reader->next + 2;
    if (length < 2) return "a marker segment of no length";
    if (!reader->skip(length)) break;
    if (is_frame(marker) && !read_frame(marker, segment, length - 2, header)) break;
    if (marker == kApp1 && !has_exif) {
      read_exif(segment, length - 2, header);
      has_exif = length >= 8 && std::memcmp(segment, "Exif", 4) == 0;
    }
  }
  return "it ends within its header";
}

}  // namespace

const char* read_jpeg_header(const EncodedImage& image, JpegHeader* header) noexcept {
  *header = {};
  if (image.size == 0) return "it is empty";
  if (image.size < 3 || std::memcmp(image.bytes, "\xFF\xD8\xFF", 3) != 0) return "not a JPEG";
  Reader reader{image.bytes + 2, image.bytes + image.size};
  const char* const problem = read_segments(&reader, header);
  if (problem) return problem;
  return header->height > 0 && header->width > 0 ? nullptr : "a side of no length";
}

}  // namespace bsgrow
