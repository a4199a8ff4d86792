// Included once for each instruction set, with BSGROW_ISA the namespace that it goes into.
#include "cpu/isa/includes.h"

#define BSGROW_INLINE __attribute__((always_inline)) inline
#define BSGROW_INLINE_LAMBDA __attribute__((always_inline))

namespace bsgrow {
namespace BSGROW_ISA {
namespace {
#include "cpu/isa/block.inl"
#include "cpu/isa/convert.inl"
#include "cpu/isa/resample.inl"
#include "cpu/isa/stage.inl"
}  // namespace

extern const Kernels kKernels{
    BSGROW_STRING(BSGROW_ISA),
    stage_any_rows,
    finish_streamed,
    zero_streamed,
    {{convert_rows<float, RowAffine>, convert_rows<float, PlaneAffine>},
     {convert_rows<Float16, RowAffine>, convert_rows<Float16, PlaneAffine>},
     {convert_rows<BFloat16, RowAffine>, convert_rows<BFloat16, PlaneAffine>}},
    {resize_row<false>, resize_row<true>},
    blend_rows,
};

}  // namespace BSGROW_ISA
}  // namespace bsgrow
