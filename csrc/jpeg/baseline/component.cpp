#include "jpeg/baseline/component.h"

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

}  // namespace

// A table that two components share is made once.
struct Components::Tables {
  DcTable dc[NUM_HUFF_TBLS];
  AcTable ac[NUM_HUFF_TBLS];
  bool has_dc[NUM_HUFF_TBLS] = {};
  bool has_ac[NUM_HUFF_TBLS] = {};

  template <typename Table>
  static bool build(const JHUFF_TBL* from, Table* table, bool* is_built) {
    if (!*is_built) *is_built = table->build({from->bits, from->huffval});
    return *is_built;
  }

  bool build_for(const jpeg_decompress_struct& info, const jpeg_component_info& component) {
    const int i = component.dc_tbl_no;
    const int j = component.ac_tbl_no;
    return build(info.dc_huff_tbl_ptrs[i], &dc[i], &has_dc[i]) &&
           build(info.ac_huff_tbl_ptrs[j], &ac[j], &has_ac[j]);
  }
};

void Components::Deleter::operator()(Tables* tables) const { delete tables; }

bool Components::make(const jpeg_decompress_struct& info, const Frame& frame, const Units& units) {
  tables_.reset(new Tables);
  components_.reserve(frame.num_components);
  for (int i = 0; i < frame.num_components; ++i) {
    const jpeg_component_info& from = info.comp_info[i];
    if (!tables_->build_for(info, from)) return false;
    const int64_t rows = i == 0 ? frame.rows() : 1;
    const int64_t columns = i == 0 ? frame.columns() : 1;
    const BlockTables tables{&tables_->dc[from.dc_tbl_no], &tables_->ac[from.ac_tbl_no]};
    components_.push_back({tables, info.quant_tbl_ptrs[from.quant_tbl_no]->quantval, rows, columns,
                           make_plane(frame, units.columns, rows, columns), 0});
  }
  return true;
}

void Components::restart() {
  for (Component& component : components_) component.last_dc = 0;
}

}  // namespace bsgrow
