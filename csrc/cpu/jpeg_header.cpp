#include "bsgrow/jpeg_header.h"

#include <algorithm>
#include <cstring>

#include "bsgrow/exif.h"

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

int read_short(const uint8_t* bytes) { return bytes[0] << 8 | bytes[1]; }

bool starts(const uint8_t* segment, int64_t size, const char* text, int64_t length) {
  return size >= length && std::memcmp(segment, text, length) == 0;
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
  kApp0 = 0xE0,
  kApp1 = 0xE1,
  kApp14 = 0xEE
};

bool is_frame(uint8_t marker) {
  return marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg && marker != kDac;
}

bool stands_alone(uint8_t marker) { return marker >= kRst0 && marker <= kSoi; }

// What neither libjpeg nor Pillow passes over.
bool is_reserved(uint8_t marker) { return marker < kSof0; }

// Bytes before a marker are skipped, as libjpeg does; fill bytes are a part of it.
bool next_marker(Reader* reader, uint8_t* marker, bool* tidy) {
  const uint8_t* const begin = reader->next;
  do {
    const void* const found = std::memchr(reader->next, 0xFF, reader->left());
    if (!found) return false;
    *tidy &= found == begin;
    reader->next = static_cast<const uint8_t*>(found);
    do {
      if (!reader->read_byte(marker)) return false;
    } while (*marker == 0xFF);
  } while (*marker == 0);
  return true;
}

Orientation to_orientation(int tag) {
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

// Whether it is EXIF.
bool read_exif(const uint8_t* segment, int64_t size, JpegHeader* header) {
  constexpr int64_t kLength = 6;
  if (!starts(segment, size, "Exif\0", kLength)) return false;  // with the zero that ends it
  header->orientation_tag = read_orientation_tag(segment + kLength, size - kLength);
  header->orientation = to_orientation(header->orientation_tag);
  return true;
}

// The frame header: precision, height, width, number of components, and three bytes of each.
bool read_frame(uint8_t marker, const uint8_t* segment, int64_t size, JpegHeader* header) {
  if (size < 6) return false;
  header->frame = marker;
  header->precision = segment[0];
  header->height = read_short(segment + 1);
  header->width = read_short(segment + 3);
  header->num_components = segment[5];
  const int64_t num_ids = std::min<int64_t>({segment[5], (size - 6) / 3, 4});
  for (int64_t i = 0; i < num_ids; ++i) header->component_ids[i] = segment[6 + 3 * i];
  return true;
}

// What tells of the colours, as libjpeg reads it: the last Adobe marker counts.
void read_application(uint8_t marker, const uint8_t* segment, int64_t size, JpegHeader* header) {
  if (marker == kApp0 && size >= 14 && starts(segment, size, "JFIF", 5)) header->jfif = true;
  if (marker == kApp14 && size >= 12 && starts(segment, size, "Adobe", 5)) {
    header->adobe_transform = segment[11];
  }
}

const char* read_segments(const uint8_t* start, Reader* reader, JpegHeader* header) {
  bool has_exif = false;
  for (uint8_t marker; next_marker(reader, &marker, &header->tidy);) {
    if (marker == kSos) header->first_scan = reader->next - 2 - start;
    if (marker == kEoi) return "it holds no image";
    if (marker == kSos) return header->frame ? nullptr : "no frame header";
    if (is_reserved(marker)) return "a marker that stands for nothing is in its header";
    if (stands_alone(marker)) {
      header->tidy = false;
      continue;
    }
    if (reader->left() < 2) break;
    const int64_t length = read_short(reader->next);
    const uint8_t* const segment = reader->next + 2;
    if (length < 2) return "a marker segment of no length";
    if (!reader->skip(length)) break;
    if (is_frame(marker) && !read_frame(marker, segment, length - 2, header)) break;
    if (marker == kApp1 && !has_exif) has_exif = read_exif(segment, length - 2, header);
    read_application(marker, segment, length - 2, header);
  }
  return "it ends within its header";
}

}  // namespace

const char* read_jpeg_header(const EncodedImage& image, JpegHeader* header) noexcept {
  *header = {};
  header->adobe_transform = -1;
  header->tidy = true;
  header->orientation_tag = 1;
  if (image.size == 0) return "it is empty";
  if (!starts(image.bytes, image.size, "\xFF\xD8\xFF", 3)) return "not a JPEG";
  Reader reader{image.bytes + 2, image.bytes + image.size};
  const char* const problem = read_segments(image.bytes, &reader, header);
  if (problem) return problem;
  return header->height > 0 && header->width > 0 ? nullptr : "a side of no length";
}

bool has_jpeg_end(const EncodedImage& image) noexcept {
  constexpr uint8_t kEnd[] = {0xFF, kEoi};
  const uint8_t* const end = image.bytes + image.size;
  if (image.size > 4 && std::equal(kEnd, kEnd + 2, end - 2)) return true;  // as nearly all have
  JpegHeader header;
  if (read_jpeg_header(image, &header) || !header.first_scan) return false;
  const uint8_t* next = image.bytes + header.first_scan;
  while (next < end && (next = static_cast<const uint8_t*>(std::memchr(next, 0xFF, end - next)))) {
    if (++next < end && *next == kEoi) return true;
  }
  return false;
}

}  // namespace bsgrow
