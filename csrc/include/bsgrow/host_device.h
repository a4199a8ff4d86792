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
