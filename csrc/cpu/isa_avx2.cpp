#if defined(__x86_64__)
#include "cpu/isa/includes.h"
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,f16c,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,f16c,fma")
#endif
#define BSGROW_ISA avx2
#define BSGROW_AVX2
#include "cpu/isa/kernels.inl"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
