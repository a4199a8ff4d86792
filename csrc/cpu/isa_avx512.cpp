#if defined(__x86_64__) && !defined(BSGROW_WITHOUT_AVX512)
#include "cpu/isa/includes.h"
#if defined(__clang__)
#pragma clang attribute push(                                                    \
    __attribute__((target("avx2,f16c,fma,avx512f,avx512bw,avx512dq,avx512vl"))), \
    apply_to = function)
#else
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC bug 105593, in its own header
#pragma GCC target("avx2,f16c,fma,avx512f,avx512bw,avx512dq,avx512vl")
#endif
#define BSGROW_ISA avx512
#define BSGROW_AVX2
#define BSGROW_AVX512
#include "cpu/isa/kernels.inl"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
