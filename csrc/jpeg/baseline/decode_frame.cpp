#include "jpeg/baseline/decode_frame.h"

#include <algorithm>

#include "jpeg/baseline/intervals.h"

namespace bsgrow {
namespace {

// Bits of a unit: of a block the longest codes and numbers, of a unit four blocks and two.
constexpr int64_t kMostUnitBytes = 6 * kBlockSize * 31 / 8;
static_assert(kMostUnitBytes < Bits::kSlack, "a unit reads no further");

// Reads units in the order of the scan, and transforms those of the rectangle.
class UnitDecoder {
 public:
  UnitDecoder(const Frame& frame, const Units& units, Components* components, PixelRows* rows)
      : units_of_row_(frame.units_of_row()), units_(units), components_(components), rows_(rows) {}

  // Units [first, end). Returns the bits that are left, below zero where a unit is damaged.
  int64_t decode(int64_t first, int64_t end, Bits bits) {
    components_->restart();
    int64_t row = first / units_of_row_;
    int64_t column = first % units_of_row_;
    for (int64_t unit = first; unit < end; ++unit) {
      const bool is_shown = units_.rows.has(row) && units_.columns.has(column);
      const bool is_sound = is_shown ? decode_unit(row, column, &bits) : skip_unit(&bits);
      if (!is_sound || bits.num_left() < 0) return -1;
      if (is_shown && column == units_.columns.end - 1) rows_->add(row, components_);
      if (++column == units_of_row_) column = 0, ++row;
    }
    return bits.num_left();
  }

 private:
  BSGROW_ALWAYS_INLINE bool skip_unit(Bits* bits) {
    for (Component& component : *components_) {
      for (int64_t i = 0; i < component.rows * component.columns; ++i) {
        if (!skip_block(component.tables, bits, &component.last_dc)) return false;
      }
    }
    return true;
  }

  BSGROW_ALWAYS_INLINE bool decode_unit(int64_t row, int64_t column, Bits* bits) {
    for (Component& component : *components_) {
      for (int64_t y = 0; y < component.rows; ++y) {
        uint8_t* out = component.plane.row((row * component.rows + y) * component.side) +
                       (column - units_.columns.begin) * component.columns * component.side;
        for (int64_t x = 0; x < component.columns; ++x, out += component.side) {
          if (!decode_block(&component, bits, out)) return false;
        }
      }
    }
    return true;
  }

  BSGROW_ALWAYS_INLINE bool decode_block(Component* component, Bits* bits, uint8_t* out) {
    const Contents contents = read_block(component->tables, bits, &component->last_dc, &block_);
    const int64_t pitch = component->plane.pitch();
    if (contents == Contents::kWhole && component->inverse_dct) {
      component->inverse_dct(block_.coefficients(), component->quantisation, out, pitch);
    } else if (contents != Contents::kDamaged) {
      fill(block_.level(component->quantisation[0]), component->side, out, pitch);
    }
    return contents != Contents::kDamaged;
  }

  static void fill(uint8_t level, int64_t side, uint8_t* out, int64_t pitch) {
    for (int64_t y = 0; y < side; ++y) std::fill_n(out + y * pitch, side, level);
  }

  const int64_t units_of_row_;
  const Units& units_;
  Components* const components_;
  PixelRows* const rows_;
  Block block_;
};

// Whether any of the units [first, end), in the order of the scan, is one of the rectangle's.
bool are_needed(const Frame& frame, const Units& units, int64_t first, int64_t end) {
  const int64_t row = first / frame.units_of_row();
  const int64_t last_row = (end - 1) / frame.units_of_row();
  if (last_row < units.rows.begin) return false;
  if (last_row != row) return true;
  return first % frame.units_of_row() < units.columns.end &&
         (end - 1) % frame.units_of_row() >= units.columns.begin;
}

// Decodes what the rectangle needs of the intervals; whole ones without any of it are passed over.
void decode_intervals(const Frame& frame, const Units& units, Intervals* intervals,
                      UnitDecoder* decoder) {
  constexpr int64_t kWholeByte = 8;  // bits that no unit needed, which libjpeg tells of
  const int64_t num_units = frame.units_of_row() * (units.rows.end - 1) + units.columns.end;
  const int64_t length = frame.restart_interval ? frame.restart_interval : num_units;
  for (int64_t first = 0; first < num_units; first += length) {
    if (first > 0 && !intervals->restart()) return;
    if (!are_needed(frame, units, first, std::min(first + length, num_units))) {
      intervals->pass();
      continue;
    }
    const bool is_last = first + length >= num_units;
    const int64_t num_left =
        decoder->decode(first, is_last ? num_units : first + length, intervals->take());
    if (num_left < 0 || (!is_last && num_left >= kWholeByte)) return;
  }
}

}  // namespace

int64_t decode_frame(const jpeg_decompress_struct& info, const Frame& frame,
                     const Rectangle& rectangle, int64_t slack, const RowSink& sink) {
  const Units units = units_of(frame, rectangle);
  Components components;
  if (!components.make(info, frame, units)) return 0;
  PixelRows rows(frame, rectangle, units, slack, sink);
  UnitDecoder decoder(frame, units, &components, &rows);
  const uint8_t* const data = info.src->next_input_byte;
  Intervals intervals(data, data + info.src->bytes_in_buffer);
  decode_intervals(frame, units, &intervals, &decoder);
  return rows.num_done();
}

}  // namespace bsgrow
