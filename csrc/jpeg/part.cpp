#include "jpeg/part.h"

#include <algorithm>
#include <cstring>

namespace bsgrow {
namespace {

constexpr int64_t kBlock = 8;  // pixels of a side
constexpr int kNumRestarts = 8;
constexpr uint8_t kFirstRestart = 0xD0;
constexpr uint8_t kExtended = 0xC1;
constexpr int64_t kMostUnits = 6;
constexpr double kWorthwhile = 0.9;  // of the blocks that would be read without it

// [begin, end).
struct Range {
  int64_t begin;
  int64_t end;

  int64_t size() const { return end - begin; }
};

// How an image is cut into restart intervals, each of some units (MCUs) of one row of them.
struct Grid {
  int64_t unit_height;  // in pixels
  int64_t unit_width;
  int64_t interval;  // in units
  int64_t columns;   // in intervals

  Range rows_of(const Rectangle& rectangle) const {
    return {rectangle.top / unit_height, (rectangle.top + rectangle.height - 1) / unit_height + 1};
  }
  Range columns_of(const Rectangle& rectangle) const {
    const int64_t width = interval * unit_width;
    return {rectangle.left / width, (rectangle.left + rectangle.width - 1) / width + 1};
  }
};

int64_t divide_up(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

// Huffman-coded, of 8 bits: SOF0, or SOF1, as one with quantisation tables of 16 bits is.
bool is_sequential(const JpegHeader& header) {
  return header.frame <= kExtended && header.precision == 8;
}

// Pixels of a side of a unit, by the most blocks of a component in it. The blocks of a single
// component stand one by one, however it is sampled.
int64_t unit_side(const JpegHeader& header, int most_blocks) {
  return kBlock * (header.num_components > 1 ? most_blocks : 1);
}

// Whether it is cut as a grid has it.
bool read_grid(const JpegHeader& header, Grid* grid) {
  if (!is_sequential(header) || !header.tidy || !header.restart_interval) return false;
  if (header.num_scan_components != header.num_components) return false;
  if (!header.most_rows || !header.most_columns) return false;
  grid->unit_height = unit_side(header, header.most_rows);
  grid->unit_width = unit_side(header, header.most_columns);
  grid->interval = header.restart_interval;
  const int64_t row = divide_up(header.width, grid->unit_width);
  grid->columns = row / grid->interval;
  return grid->columns * grid->interval == row;
}

bool saves_enough(const Grid& grid, const Range& rows, const Range& columns) {
  return rows.size() * columns.size() <= kWorthwhile * rows.end * grid.columns;
}

// The data of intervals, one after the other, as long as they are in order.
class Intervals {
 public:
  Intervals(const uint8_t* begin, const uint8_t* end) : next_(begin), end_(end) {}

  // Goes behind the next one; returns where it ends, or null where no marker is that should be.
  const uint8_t* pass() {
    const uint8_t* const marker = find_marker();
    if (!marker) return nullptr;
    const uint8_t kind = marker[1];
    const bool is_in_order = kind == kFirstRestart + number_++ % kNumRestarts;
    if (!is_in_order && kind != kEndOfImage) return nullptr;
    next_ = is_in_order ? marker + 2 : end_;
    return marker;
  }

  const uint8_t* next() const { return next_; }

 private:
  static constexpr uint8_t kEndOfImage = 0xD9;

  // The next marker; a byte 0xFF of the data has a zero behind it.
  const uint8_t* find_marker() const {
    for (const uint8_t* at = next_; at < end_; at += 2) {
      at = static_cast<const uint8_t*>(std::memchr(at, 0xFF, end_ - at));
      if (!at || at + 1 == end_) return nullptr;
      if (at[1] != 0) return at;
    }
    return nullptr;
  }

  const uint8_t* next_;
  const uint8_t* const end_;
  int number_ = 0;
};

void write_short(uint8_t* bytes, int64_t value) {
  bytes[0] = static_cast<uint8_t>(value >> 8);
  bytes[1] = static_cast<uint8_t>(value);
}

// Appends the intervals of some rows and columns, and numbers their markers anew.
bool copy_intervals(const Grid& grid, const Range& rows, const Range& columns, Intervals from,
                    std::vector<uint8_t>* bytes) {
  int number = 0;
  for (int64_t row = 0; row < rows.end; ++row) {
    for (int64_t column = 0; column < grid.columns; ++column) {
      const uint8_t* const begin = from.next();
      const uint8_t* const end = from.pass();
      if (!end) return false;
      if (row < rows.begin || column < columns.begin || column >= columns.end) continue;
      bytes->insert(bytes->end(), begin, end);
      bytes->push_back(0xFF);
      bytes->push_back(kFirstRestart + number++ % kNumRestarts);
    }
  }
  bytes->back() = 0xD9;  // the end of the image, in place of the last one
  return true;
}

}  // namespace

int64_t restart_interval_for(int64_t units_of_row) {
  int64_t interval = std::min(units_of_row, kMostUnits);
  while (units_of_row % interval) --interval;
  return interval;
}

JpegPart part_around(const EncodedImage& image, const Rectangle& rectangle) {
  JpegHeader header;
  Grid grid;
  if (read_jpeg_header(image, &header) || !read_grid(header, &grid)) return {};
  const Range rows = grid.rows_of(rectangle);
  const Range columns = grid.columns_of(rectangle);
  if (!saves_enough(grid, rows, columns)) return {};
  const int64_t top = rows.begin * grid.unit_height;
  const int64_t left = columns.begin * grid.interval * grid.unit_width;
  const int64_t bottom = std::min(rows.end * grid.unit_height, header.height);
  const int64_t right = std::min(columns.end * grid.interval * grid.unit_width, header.width);
  JpegPart part{{}, top, left};
  part.bytes.reserve(image.size);
  part.bytes.assign(image.bytes, image.bytes + header.data);
  write_short(&part.bytes[header.sides], bottom - top);
  write_short(&part.bytes[header.sides + 2], right - left);
  const Intervals intervals(image.bytes + header.data, image.bytes + image.size);
  if (!copy_intervals(grid, rows, columns, intervals, &part.bytes)) return {};
  return part;
}

}  // namespace bsgrow
