// Intel's intrinsics on a machine that lacks AVX-512: those of SIMDe, which are portable functions
// of the same names, and the few that it does not have.
#pragma once

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>

#include <cmath>
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

inline __m512i cvtepu8_epi32(__m128i in) {
  const auto bytes = as<Bytes>(in);
  Integers out;
  for (int i = 0; i < 16; ++i) out.items[i] = bytes.items[i];
  return as<__m512i>(out);
}

inline __m512d cvtps_pd(__m256 in) {
  const auto floats = as<Items<float, 8>>(in);
  Items<double, 8> out;
  for (int i = 0; i < 8; ++i) out.items[i] = floats.items[i];
  return as<__m512d>(out);
}

inline __m512 cvtepi32_ps(__m512i in) {
  const auto integers = as<Integers>(in);
  Floats out;
  for (int i = 0; i < 16; ++i) out.items[i] = static_cast<float>(integers.items[i]);
  return as<__m512>(out);
}

// SIMDe's rounds twice.
inline __m512 fmadd_ps(__m512 a, __m512 b, __m512 c) {
  const auto factors = as<Floats>(a), others = as<Floats>(b), summands = as<Floats>(c);
  Floats out;
  for (int i = 0; i < 16; ++i) {
    out.items[i] = std::fma(factors.items[i], others.items[i], summands.items[i]);
  }
  return as<__m512>(out);
}

inline __m256i cvtps_ph(__m512 in) {
  const auto halves = as<Halves>(in);
  const __m128i low = _mm256_cvtps_ph(halves.items[0], 0);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), _mm256_cvtps_ph(halves.items[1], 0),
                                 1);
}

inline BFloat16s cvtneps_pbh(__m512 in) {
  const auto floats = as<Floats>(in);
  BFloat16s out;
  for (int i = 0; i < 16; ++i) out[i] = to_bfloat16(floats.items[i]);
  return out;
}

inline TwiceBFloat16s cvtne2ps_pbh(__m512 high, __m512 low) {
  const BFloat16s halves[2] = {cvtneps_pbh(low), cvtneps_pbh(high)};
  return as<TwiceBFloat16s>(halves);
}

template <typename Block>
void stream(void* to, const Block& block) {
  if (reinterpret_cast<uintptr_t>(to) % sizeof block != 0) abort();  // as the machine would
  memcpy(to, &block, sizeof block);
}

}  // namespace emulated

#undef _mm512_cvtepu8_epi32
#undef _mm512_cvtepi32_ps
#undef _mm512_fmadd_ps
#undef _mm512_maskz_cvtps_ph
#undef _mm512_cvtneps_pbh
#undef _mm512_cvtne2ps_pbh
#undef _mm_stream_si128
#undef _mm256_stream_si256
#undef _mm512_stream_si512
#define _mm512_cvtepu8_epi32 emulated::cvtepu8_epi32
#define _mm512_cvtepi32_ps emulated::cvtepi32_ps
#define _mm512_cvtps_pd emulated::cvtps_pd
#define _mm512_fmadd_ps emulated::fmadd_ps
#define _mm512_maskz_cvtps_ph(mask, in, rounding) emulated::cvtps_ph(in)
#define _mm512_cvtneps_pbh emulated::cvtneps_pbh
#define _mm512_cvtne2ps_pbh emulated::cvtne2ps_pbh
#define _mm_stream_si128 emulated::stream
#define _mm256_stream_si256 emulated::stream
#define _mm512_stream_si512 emulated::stream
