#include "jpeg/baseline/component.h"

#include <memory>

#include "cpu/kernels.h"

namespace bsgrow {
namespace {

int64_t divide_up(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

Plane make_brightness(const Frame& frame, const UnitRange& columns) {
  return {frame.height, frame.width, frame.unit_height(), columns.begin * frame.unit_width(),
          columns.size() * frame.unit_width()};
}

Plane make_colour(const Frame& frame, const UnitRange& columns) {
  const int64_t side = frame.colour_side();
  return {divide_up(frame.height, frame.shared_rows()),
          divide_up(frame.width, frame.shared_columns()), side, columns.begin * side,
          columns.size() * side};
}

Component make_component(const Frame& frame, const UnitRange& columns, bool is_colour) {
  const int64_t side = is_colour ? frame.colour_side() : frame.brightness_side();
  const InverseDct inverse_dct = best_kernels().inverse_dct[__builtin_ctzll(DCTSIZE / side)];
  if (is_colour) return {{}, {}, 1, 1, side, inverse_dct, make_colour(frame, columns), 0};
  return {{}, {}, frame.rows(), frame.columns(), side, inverse_dct, make_brightness(frame, columns),
          0};
}

struct Tables {
  DcTable dc[NUM_HUFF_TBLS];
  AcTable ac[NUM_HUFF_TBLS];
};

// Those of the image before: most have the same, and to make them is 3 % of the time of a small
// one.
Tables& tables_of_thread() {
  static thread_local const std::unique_ptr<Tables> tables(new Tables);
  return *tables;
}

HuffmanCode code_of(const JHUFF_TBL* table) { return {table->bits, table->huffval}; }

}  // namespace

bool Components::make(const jpeg_decompress_struct& info, const Frame& frame, const Units& units) {
  Tables& tables = tables_of_thread();
  components_.reserve(frame.num_components);
  for (int i = 0; i < frame.num_components; ++i) {
    const jpeg_component_info& from = info.comp_info[i];
    DcTable& dc = tables.dc[from.dc_tbl_no];
    AcTable& ac = tables.ac[from.ac_tbl_no];
    if (!dc.build(code_of(info.dc_huff_tbl_ptrs[from.dc_tbl_no]))) return false;
    if (!ac.build(code_of(info.ac_huff_tbl_ptrs[from.ac_tbl_no]))) return false;
    components_.push_back(make_component(frame, units.columns, i > 0));
    components_.back().tables = {&dc, &ac};
    components_.back().quantisation = info.quant_tbl_ptrs[from.quant_tbl_no]->quantval;
  }
  return true;
}

void Components::restart() {
  for (Component& component : components_) component.last_dc = 0;
}

}  // namespace bsgrow
