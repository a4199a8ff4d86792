#pragma once

#include <cstdint>
#include <cstring>

#include "bsgrow/host_device.h"

namespace bsgrow {

// Rounding of float32 to 16 bits, to nearest with ties to even, in integer arithmetic: the same
// bits on every machine. NaN does not occur: scale and bias are finite. The templates serve one
// number (float, uint32_t) and vectors of them alike; the result is in the low half of each 32
// bits.

struct Float16 {
  uint16_t bits;
};

struct BFloat16 {
  uint16_t bits;
};

template <typename Bits, typename Float>
BSGROW_HOST_DEVICE void bits_of(const Float& value, Bits& bits) {
  static_assert(sizeof bits == sizeof value, "one word for each number");
  memcpy(&bits, &value, sizeof bits);
}

template <typename Bits, typename Float>
BSGROW_HOST_DEVICE void round_bits(const Float& value, Bits& rounded, BFloat16) {
  Bits bits;
  bits_of(value, bits);
  rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
}

template <typename Bits, typename Float>
BSGROW_HOST_DEVICE void round_bits(const Float& value, Bits& rounded, Float16) {
  constexpr uint32_t kSmallestNormal = 113u << 23;  // 2^-14
  constexpr uint32_t kTooLarge = 143u << 23;        // 2^16
  constexpr uint32_t kHalf = 126u << 23;            // its unit in the last place is 2^-24
  Bits bits;
  bits_of(value, bits);
  const Bits sign = bits & 0x80000000u;
  const Bits size = bits ^ sign;
  // A subnormal is a multiple of 2^-24: adding 1/2 makes the adder round to one.
  Float magnitude;
  memcpy(&magnitude, &size, sizeof size);
  Bits subnormal;
  bits_of(magnitude + 0.5f, subnormal);
  const Bits normal = (size - (112u << 23) + 0xFFFu + ((size >> 13) & 1u)) >> 13;
  const Bits finite = size < kSmallestNormal ? subnormal - kHalf : normal;
  rounded = (size >= kTooLarge ? finite - finite + 0x7C00u : finite) | (sign >> 16);
}

BSGROW_HOST_DEVICE void round_to(float value, float& out) { out = value; }

template <typename Half>
BSGROW_HOST_DEVICE void round_to(float value, Half& out) {
  uint32_t rounded;
  round_bits(value, rounded, out);
  out.bits = static_cast<uint16_t>(rounded);
}

}  // namespace bsgrow
