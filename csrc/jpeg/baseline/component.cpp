#include "jpeg/baseline/component.h"

#include <memory>

namespace bsgrow {
namespace {

int64_t divide_up(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

// The plane of a component of so many blocks of a unit.
Plane make_plane(const Frame& frame, const UnitRange& columns, int64_t block_rows,
                 int64_t block_columns) {
  const int64_t samples = block_columns * DCTSIZE;  // of a row of a unit
  return {divide_up(frame.height * block_rows, frame.rows()),
          divide_up(frame.width * block_columns, frame.columns()), block_rows * DCTSIZE,
          columns.begin * samples, columns.size() * samples};
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
    const int64_t rows = i == 0 ? frame.rows() : 1;
    const int64_t columns = i == 0 ? frame.columns() : 1;
    components_.push_back({{&dc, &ac},
                           info.quant_tbl_ptrs[from.quant_tbl_no]->quantval,
                           rows,
                           columns,
                           make_plane(frame, units.columns, rows, columns),
                           0});
  }
  return true;
}

void Components::restart() {
  for (Component& component : components_) component.last_dc = 0;
}

}  // namespace bsgrow
