// What every machine of the target runs; on ARM that includes its vector unit.
#define BSGROW_ISA baseline
#include "cpu/isa/kernels.inl"
