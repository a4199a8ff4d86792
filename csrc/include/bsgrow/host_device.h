#pragma once

// Functions the CPU kernels and the CUDA kernels share; inlined so that each vector clone gets its
// own.
#if defined(__CUDACC__)
#define BSGROW_HOST_DEVICE __host__ __device__ __forceinline__
#elif defined(__GNUC__)
#define BSGROW_HOST_DEVICE __attribute__((always_inline)) inline
#else
#define BSGROW_HOST_DEVICE inline
#endif

// Loops over registers are laid out flat on the device: an index that is not constant would move
// the array to memory.
#if defined(__CUDACC__)
#define BSGROW_UNROLL _Pragma("unroll")
#define BSGROW_KEEP_ROLLED _Pragma("unroll 1")
#else
#define BSGROW_UNROLL
#define BSGROW_KEEP_ROLLED
#endif
