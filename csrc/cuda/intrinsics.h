#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "bsgrow/host_device.h"
#include "bsgrow/round_to.h"

// The few places where device code is not the host's: instructions with the same result. What sm_75
// lacks is `#if __CUDA_ARCH__ >= 800`, which is false on the host.

namespace bsgrow::cuda {

// Copies 16 bytes from global to shared memory past registers and L1; there after wait_for_copies.
BSGROW_HOST_DEVICE void copy_vector_async(uint8_t* shared, const uint8_t* global) {
#if __CUDA_ARCH__ >= 800
  const auto to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to),
               "l"(__cvta_generic_to_global(global))
               : "memory");
#elif defined(__CUDA_ARCH__)
  *reinterpret_cast<uint4*>(shared) = *reinterpret_cast<const uint4*>(global);
#else
  memcpy(shared, global, 16);
#endif
}

// Waits for the copies that this lane began; a barrier makes them seen by the others.
BSGROW_HOST_DEVICE void wait_for_copies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

// The low word of high:low >> bits, bits below 32.
BSGROW_HOST_DEVICE uint32_t shift_right(uint32_t low, uint32_t high, uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return __funnelshift_r(low, high, bits);
#else
  return static_cast<uint32_t>((static_cast<uint64_t>(high) << 32 | low) >> bits);
#endif
}

// 2^23 + a byte of a word: a float32 of that size has units in its last place.
BSGROW_HOST_DEVICE float shifted_byte(uint32_t word, uint32_t byte) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(__byte_perm(word, 0x4B000000u, 0x7440u + byte));
#else
  return 8388608.0f + static_cast<float>(word >> (8 * byte) & 0xFFu);
#endif
}

// Two roundings, never one.
BSGROW_HOST_DEVICE float multiply_then_add(float pixel, float scale, float bias) {
#if defined(__CUDA_ARCH__)
  return __fadd_rn(__fmul_rn(pixel, scale), bias);
#else
  return pixel * scale + bias;
#endif
}

// The same for a pixel that is still 2^23 too large: offset = -2^23 * scale is exact, so that the
// first rounding is that of pixel * scale. One instruction less than subtracting 2^23 first.
BSGROW_HOST_DEVICE float multiply_then_add(float shifted, float scale, float offset, float bias) {
#if defined(__CUDA_ARCH__)
  return __fadd_rn(__fmaf_rn(shifted, scale, offset), bias);
#else
  return fmaf(shifted, scale, offset) + bias;
#endif
}

// Two elements of the output in one word, the first in its low half.
BSGROW_HOST_DEVICE uint32_t pack(float first, float second, BFloat16) {
#if __CUDA_ARCH__ >= 800
  uint32_t packed;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(second), "f"(first));
  return packed;
#else
  BFloat16 low, high;
  round_to(first, low);
  round_to(second, high);
  return low.bits | static_cast<uint32_t>(high.bits) << 16;
#endif
}

BSGROW_HOST_DEVICE uint32_t pack(float first, float second, Float16) {
#if __CUDA_ARCH__ >= 800
  uint32_t packed;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(second), "f"(first));
  return packed;
#else
  Float16 low, high;
  round_to(first, low);
  round_to(second, high);
  return low.bits | static_cast<uint32_t>(high.bits) << 16;
#endif
}

}  // namespace bsgrow::cuda
