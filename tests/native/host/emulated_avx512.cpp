// The vector code for AVX-512, compiled for any x86-64, as the only one that there is.

#include "cpu/isa/includes.h"

#define BSGROW_ISA emulated_avx512
#define BSGROW_AVX2
#define BSGROW_AVX512
namespace bsgrow {
namespace emulated_avx512 {
extern const Kernels kKernels;
}
}  // namespace bsgrow
#include "cpu/isa/kernels.inl"

namespace bsgrow {

const Kernels& best_kernels() { return emulated_avx512::kKernels; }

const char* instruction_set() { return emulated_avx512::kKernels.instruction_set; }

}  // namespace bsgrow
