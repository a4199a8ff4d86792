#pragma once

#include "cuda/arguments.h"
#include "cuda/intrinsics.h"

namespace bsgrow::cuda {

// What a lane stores at once.
template <uint32_t kWords>
struct alignas(4 * kWords) Words {
  uint32_t words[kWords];
};

// What it loads at once, and stores where rows are whole vectors.
using Vector = Words<kVectorBytes / 4>;

template <typename Out>
constexpr uint32_t kElements = kVectorBytes / sizeof(Out);  // of a vector

// Rounds elements that lie side by side.
template <uint32_t kCount>
BSGROW_HOST_DEVICE Words<kCount> pack_vector(const float* values, float) {
  Words<kCount> vector;
  BSGROW_UNROLL
  for (uint32_t i = 0; i < kCount; ++i) bits_of(values[i], vector.words[i]);
  return vector;
}

template <uint32_t kCount, typename Half>
BSGROW_HOST_DEVICE Words<kCount / 2> pack_vector(const float* values, Half half) {
  Words<kCount / 2> vector;
  BSGROW_UNROLL
  for (uint32_t i = 0; i < kCount / 2; ++i) {
    vector.words[i] = pack(values[2 * i], values[2 * i + 1], half);
  }
  return vector;
}

template <uint32_t kWords>
BSGROW_HOST_DEVICE void store_vector(const Words<kWords>& vector, void* to) {
  *static_cast<Words<kWords>*>(to) = vector;
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
