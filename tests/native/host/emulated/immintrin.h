// Intel's intrinsics on a machine that lacks AVX-512: those of SIMDe, which are portable functions
// of the same names, and the few that it does not have.
#pragma once

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace emulated {

template <typename To, typename From>
To as(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "the same bits");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

template <typename Item, int kSize>
struct Items {
  Item items[kSize];
};

using Bytes = Items<uint8_t, 16>;
using Integers = Items<int32_t, 16>;
using Floats = Items<float, 16>;
using Halves = Items<__m256, 2>;

// To nearest, ties to even; subnormal numbers become 0.
inline uint16_t to_bfloat16(float value) {
  uint32_t bits = as<uint32_t>(value);
  if (!(bits & 0x7F800000u)) bits &= 0x80000000u;
  return static_cast<uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1)) >> 16);
}

using BFloat16s = uint16_t __attribute__((vector_size(32)));
using TwiceBFloat16s = uint16_t __attribute__((vector_size(64)));

}  // namespace emulated

inline __m512i _mm512_cvtepu8_epi32(__m128i in) {
  const auto bytes = emulated::as<emulated::Bytes>(in);
  emulated::Integers out;
  for (int i = 0; i < 16; ++i) out.items[i] = bytes.items[i];
  return emulated::as<__m512i>(out);
}

inline __m512 _mm512_cvtepi32_ps(__m512i in) {
  const auto integers = emulated::as<emulated::Integers>(in);
  emulated::Floats out;
  for (int i = 0; i < 16; ++i) out.items[i] = static_cast<float>(integers.items[i]);
  return emulated::as<__m512>(out);
}

inline __m256i _mm512_maskz_cvtps_ph(int, __m512 in, int) {
  const auto halves = emulated::as<emulated::Halves>(in);
  const __m128i low = _mm256_cvtps_ph(halves.items[0], 0);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), _mm256_cvtps_ph(halves.items[1], 0),
                                 1);
}

inline emulated::BFloat16s _mm512_cvtneps_pbh(__m512 in) {
  const auto floats = emulated::as<emulated::Floats>(in);
  emulated::BFloat16s out;
  for (int i = 0; i < 16; ++i) out[i] = emulated::to_bfloat16(floats.items[i]);
  return out;
}

inline emulated::TwiceBFloat16s _mm512_cvtne2ps_pbh(__m512 high, __m512 low) {
  const emulated::BFloat16s halves[2] = {_mm512_cvtneps_pbh(low), _mm512_cvtneps_pbh(high)};
  return emulated::as<emulated::TwiceBFloat16s>(halves);
}

inline void _mm512_stream_si512(void* to, __m512i block) {
  if (reinterpret_cast<uintptr_t>(to) % sizeof block != 0) abort();  // as the machine would
  memcpy(to, &block, sizeof block);
}
