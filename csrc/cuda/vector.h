#pragma once

#include "cuda/arguments.h"
#include "cuda/intrinsics.h"

namespace bsgrow::cuda {

// What a lane loads or stores at once.
struct alignas(kVectorBytes) Vector {
  uint32_t words[4];
};

template <typename Out>
constexpr uint32_t kElements = kVectorBytes / sizeof(Out);  // of a vector

// Rounds the elements of one vector.
BSGROW_HOST_DEVICE Vector pack_vector(const float* values, float) {
  Vector vector;
  BSGROW_UNROLL
  for (uint32_t i = 0; i < 4; ++i) bits_of(values[i], vector.words[i]);
  return vector;
}

template <typename Half>
BSGROW_HOST_DEVICE Vector pack_vector(const float* values, Half half) {
  Vector vector;
  BSGROW_UNROLL
  for (uint32_t i = 0; i < 4; ++i) {
    vector.words[i] = pack(values[2 * i], values[2 * i + 1], half);
  }
  return vector;
}

BSGROW_HOST_DEVICE void store_vector(const Vector& vector, void* to) {
  *static_cast<Vector*>(to) = vector;
}

BSGROW_HOST_DEVICE void store_one(float value, float* out) { *out = value; }

template <typename Half>
BSGROW_HOST_DEVICE void store_one(float value, Half* out) {
  out->bits = static_cast<uint16_t>(pack(value, 0.0f, *out));
}

// Bytes from a vector's first to this one.
BSGROW_HOST_DEVICE uint32_t shift_of(const void* bytes) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(bytes) % kVectorBytes);
}

}  // namespace bsgrow::cuda
