#include "jpeg/baseline/frame.h"

namespace bsgrow {
namespace {

// Of fewer samples of a colour of half width libjpeg makes no smooth ones.
constexpr int64_t kFewestSamples = 3;

bool is_sequential(const jpeg_decompress_struct& info) {
  return !info.progressive_mode && !info.arith_code && info.data_precision == 8 && info.Ss == 0 &&
         info.Se == DCTSIZE2 - 1 && info.Ah == 0 && info.Al == 0;
}

// The numbers stand in the header, where any may.
template <typename Table, int kCount>
bool has_table(Table* const (&tables)[kCount], int number) {
  return number >= 0 && number < kCount && tables[number];
}

bool has_tables(const jpeg_decompress_struct& info, const jpeg_component_info& component) {
  return has_table(info.quant_tbl_ptrs, component.quant_tbl_no) &&
         has_table(info.dc_huff_tbl_ptrs, component.dc_tbl_no) &&
         has_table(info.ac_huff_tbl_ptrs, component.ac_tbl_no);
}

// Whether one scan has all components in their order.
bool is_one_scan(const jpeg_decompress_struct& info) {
  if (info.comps_in_scan != info.num_components) return false;
  for (int i = 0; i < info.num_components; ++i) {
    if (info.cur_comp_info[i] != &info.comp_info[i]) return false;
    if (!has_tables(info, info.comp_info[i])) return false;
  }
  return true;
}

bool is_sampled(const jpeg_component_info& component, int columns, int rows) {
  return component.h_samp_factor == columns && component.v_samp_factor == rows;
}

bool read_sampling(const jpeg_decompress_struct& info, Frame* frame) {
  const jpeg_component_info* const components = info.comp_info;
  if (!is_sampled(components[1], 1, 1) || !is_sampled(components[2], 1, 1)) return false;
  frame->sampling = Sampling::kFull;
  if (is_sampled(components[0], 1, 1)) return true;
  frame->sampling = is_sampled(components[0], 2, 1) ? Sampling::kHalfWidth : Sampling::kHalfBoth;
  if (frame->width <= 2 * (kFewestSamples - 1)) return false;
  // Where it is reduced libjpeg makes smooth colours of half width in a way of its own.
  if (frame->sampling == Sampling::kHalfWidth) return frame->reduction == 1;
  return is_sampled(components[0], 2, 2);
}

}  // namespace

bool read_frame(const jpeg_decompress_struct& info, int64_t reduction, Frame* frame) {
  if (!is_sequential(info) || !is_one_scan(info)) return false;
  *frame = {(info.image_height + reduction - 1) / reduction,
            (info.image_width + reduction - 1) / reduction,
            reduction,
            info.num_components,
            Sampling::kFull,
            info.restart_interval};
  // The blocks of a single component stand one by one, however it is sampled.
  if (info.num_components == 1) return info.jpeg_color_space == JCS_GRAYSCALE;
  return info.num_components == kMostComponents && info.jpeg_color_space == JCS_YCbCr &&
         read_sampling(info, frame);
}

}  // namespace bsgrow
