// Included once for each instruction set, with BSGROW_ISA the namespace that it goes into.
#include "cpu/isa/includes.h"

#define BSGROW_INLINE __attribute__((always_inline)) inline
#define BSGROW_INLINE_LAMBDA __attribute__((always_inline))

namespace bsgrow {
namespace BSGROW_ISA {
namespace {
#include "cpu/isa/block.inl"
#include "cpu/isa/columns.inl"
#include "cpu/isa/convert.inl"
#include "cpu/isa/draws.inl"
#include "cpu/isa/inverse_dct.inl"
#include "cpu/isa/normalise.inl"
#include "cpu/isa/reduced_dct.inl"
#include "cpu/isa/resample.inl"
#include "cpu/isa/samples.inl"
#include "cpu/isa/standardise.inl"
}  // namespace

extern const Kernels kKernels{
    BSGROW_STRING(BSGROW_ISA),
    {kLanes, kAbreast, kAlternating},
    permute_chunk,
    draw_chunk,
    finish_non_temporal,
    fill_non_temporal,
    map_columns,
    {{load_image<0, float>, load_image<1, float>, load_image<3, float>},
     {load_image<0, Float16>, load_image<1, Float16>, load_image<3, Float16>},
     {load_image<0, BFloat16>, load_image<1, BFloat16>, load_image<3, BFloat16>}},
    {{load_image<0, Quick<Float16>>, load_image<1, Quick<Float16>>, load_image<3, Quick<Float16>>},
     {load_image<0, Quick<BFloat16>>, load_image<1, Quick<BFloat16>>,
      load_image<3, Quick<BFloat16>>}},
    {find_shortcut<Float16>, find_shortcut<BFloat16>},
    {resize_rows<false>, resize_rows<true>},
    blend_rows,
    {inverse_dct, reduced_dct<4>, reduced_dct<2>, nullptr},
    upsample_row,
    to_rgb,
    {{normalise_rows<float, RowAffine>, normalise_rows<float, PlaneAffine>},
     {normalise_rows<Float16, RowAffine>, normalise_rows<Float16, PlaneAffine>},
     {normalise_rows<BFloat16, RowAffine>, normalise_rows<BFloat16, PlaneAffine>}},
    {{add_moments_of_planes<false>, add_moments_of_rows<false>},
     {add_moments_of_planes<true>, add_moments_of_rows<true>}},
    {{write_planes<false>, write_rows<false>}, {write_planes<true>, write_rows<true>}},
};

}  // namespace BSGROW_ISA
}  // namespace bsgrow
