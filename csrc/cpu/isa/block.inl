// Rows are handled in blocks, one vector at a time. The types are the vector types of GCC and
// Clang, lowered to what the target has; an intrinsic stands only where GCC 12's lowering was
// measured to be several times slower.

#if defined(BSGROW_AVX512)
constexpr int64_t kLanes = 16;
#elif defined(BSGROW_AVX2)
constexpr int64_t kLanes = 8;
#elif defined(BSGROW_BASELINE_LANES)
constexpr int64_t kLanes = BSGROW_BASELINE_LANES;  // a test asks for those of a wider machine
#else
constexpr int64_t kLanes = 4;
#endif
constexpr int kAbreast = kLanes < 16 ? 4 : 2;  // blocks of a row that are made together

// Blocks of a row of one channel that choose from the same bytes: a pair, where these are enough.
// Of three interleaved channels all do that are made together, which show as many columns as a
// third of their elements, and one more.
constexpr int kFromOneWindow = 2 * kLanes <= kWindowBytes ? 2 : 1;
static_assert((kAbreast * kLanes + 4) / 3 <= kWindowBytes, "one window is enough");

// Whether two vectors of bfloat16 are merged element by element: with AVX2 that is cheaper than to
// narrow each. With AVX-512 every other element would span more bytes than a block chooses from.
#if defined(BSGROW_AVX2) && !defined(BSGROW_AVX512)
constexpr bool kAlternating = true;
#else
constexpr bool kAlternating = false;
#endif

using Words = uint16_t __attribute__((vector_size(kLanes * 2)));
using Integers = int32_t __attribute__((vector_size(kLanes * 4)));
using Bits = uint32_t __attribute__((vector_size(kLanes * 4)));
using Floats = float __attribute__((vector_size(kLanes * 4)));

template <typename Vector>
BSGROW_INLINE void load(Vector& block, const void* from) {
  memcpy(&block, from, sizeof block);
}

template <typename Vector>
BSGROW_INLINE void store(void* to, const Vector& block) {
  memcpy(to, &block, sizeof block);
}

// Each byte becomes one of the kWindowBytes ones of the window: the one that its choice names, or 0
// where that is none of them.
BSGROW_INLINE void choose_bytes(const uint8_t* window, const Bits& choice, Bits& chosen) {
#if defined(BSGROW_AVX512)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(window));
  chosen = (Bits)_mm512_shuffle_epi8(_mm512_broadcast_i32x4(bytes), (__m512i)choice);
#elif defined(BSGROW_AVX2)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(window));
  chosen = (Bits)_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), (__m256i)choice);
#elif defined(__aarch64__)
  chosen = (Bits)vqtbl1q_u8(vld1q_u8(window), (uint8x16_t)choice);
#else
  uint8_t bytes[256] = {};
  memcpy(bytes, window, kWindowBytes);
  uint8_t names[sizeof choice];
  memcpy(names, &choice, sizeof choice);
  for (uint8_t& name : names) name = bytes[name];
  memcpy(&chosen, names, sizeof chosen);
#endif
}

// The same where only the lowest byte of a lane's choice names one.
BSGROW_INLINE void choose(const uint8_t* window, const Bits& choice, Integers& chosen) {
#if defined(BSGROW_AVX2) || defined(__aarch64__)
  Bits bytes;
  choose_bytes(window, choice, bytes);
  chosen = (Integers)bytes;
#else
  uint8_t bytes[2 * kWindowBytes] = {};
  memcpy(bytes, window, kWindowBytes);
  Integers lanes{};
  for (int64_t i = 0; i < kLanes; ++i) lanes[i] = bytes[choice[i] % sizeof bytes];
  chosen = lanes;
#endif
}

// A non-temporal store writes past the caches, without first reading what it overwrites. It needs
// memory aligned to the block.
template <bool kNonTemporal, typename Vector>
BSGROW_INLINE void put(void* to, const Vector& block) {
#if defined(__x86_64__)
  if constexpr (kNonTemporal && sizeof block == 16) {
    return _mm_stream_si128(static_cast<__m128i*>(to), (__m128i)block);
  }
#endif
#if defined(BSGROW_AVX2)
  if constexpr (kNonTemporal && sizeof block == 32) {
    return _mm256_stream_si256(static_cast<__m256i*>(to), (__m256i)block);
  }
#endif
#if defined(BSGROW_AVX512)
  if constexpr (kNonTemporal && sizeof block == 64) {
    return _mm512_stream_si512(static_cast<__m512i*>(to), (__m512i)block);
  }
#endif
  store(to, block);
}

void finish_non_temporal() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// Covers num_bytes from out on: whole cache lines with non-temporal stores, a vector at a time, and
// the ends as edge does it, given where they begin and how long they are. A line of which a part is
// written so and the rest written later goes to memory in pieces.
template <typename Body, typename Edge>
BSGROW_INLINE void write_non_temporal(const void* out, int64_t num_bytes, const Body& body,
                                      const Edge& edge) {
  constexpr int64_t kSize = kCacheLine;
  const int64_t head = -reinterpret_cast<intptr_t>(out) & (kSize - 1);
  const int64_t stop = num_bytes > head ? head + (num_bytes - head) / kSize * kSize : 0;
  edge(0, stop > 0 ? head : num_bytes);
  for (int64_t i = head; i < stop; i += kSize) {
    for (int64_t j = 0; j < kSize; j += sizeof(Floats)) body(i + j);
  }
  if (stop > 0) edge(stop, num_bytes - stop);
}

void fill_non_temporal(void* out, uint8_t byte, int64_t num_bytes) {
  auto* const bytes = static_cast<char*>(out);
  const Bits block = Bits{} + byte * 0x01010101u;
  write_non_temporal(
      out, num_bytes, [=](int64_t i) BSGROW_INLINE_LAMBDA { put<true>(bytes + i, block); },
      [=](int64_t i, int64_t count) { memset(bytes + i, byte, count); });
  finish_non_temporal();
}

void copy_non_temporal(void* out, const char* in, int64_t num_bytes) {
  auto* const bytes = static_cast<char*>(out);
  write_non_temporal(
      out, num_bytes,
      [=](int64_t i) BSGROW_INLINE_LAMBDA {
        Floats block;
        load(block, in + i);
        put<true>(bytes + i, block);
      },
      [=](int64_t i, int64_t count) { memcpy(bytes + i, in + i, count); });
}

template <bool kNonTemporal>
BSGROW_INLINE void put_rounded(float* out, const Floats& values) {
  put<kNonTemporal>(out, values);
}

template <bool kNonTemporal>
BSGROW_INLINE void put_rounded(Float16* out, const Floats& values) {
#if defined(BSGROW_AVX512)
  put<kNonTemporal>(out, _mm512_maskz_cvtps_ph(0xFFFF, values, _MM_FROUND_TO_NEAREST_INT));
#elif defined(BSGROW_AVX2)
  put<kNonTemporal>(out, _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT));
#else
  Bits rounded;
  round_bits(values, rounded, Float16{});
  put<kNonTemporal>(out, __builtin_convertvector(rounded, Words));
#endif
}

template <bool kNonTemporal>
BSGROW_INLINE void put_rounded(BFloat16* out, const Floats& values) {
  Bits rounded;
  round_bits(values, rounded, BFloat16{});
  put<kNonTemporal>(out, __builtin_convertvector(rounded, Words));
}

// Two blocks side by side, or the even elements and the odd ones where they are alternating.
template <bool kNonTemporal, typename Out>
BSGROW_INLINE void put_two(Out* out, const Floats& first, const Floats& second) {
  put_rounded<kNonTemporal>(out, first);
  put_rounded<kNonTemporal>(out + kLanes, second);
}

#if defined(BSGROW_AVX2) && !defined(BSGROW_AVX512)
template <bool kNonTemporal>
BSGROW_INLINE void put_two(BFloat16* out, const Floats& even, const Floats& odd) {
  Bits low, high;
  round_bits(even, low, BFloat16{});
  round_bits(odd, high, BFloat16{});
  put<kNonTemporal>(out, low | high << 16);
}
#endif

// A number of 16 bits by a shortcut: fewer roundings on the way, and none that tells ties or
// subnormal numbers apart. It serves where find_shortcut says that the bits come out the same.
template <typename Half>
struct Quick {
  Half number;
};

template <bool kNonTemporal>
BSGROW_INLINE void put_rounded(Quick<Float16>* out, const Floats& values) {
  put_rounded<kNonTemporal>(&out->number, values);
}

#if defined(BSGROW_AVX512BF16)
template <bool kNonTemporal>
BSGROW_INLINE void put_rounded(Quick<BFloat16>* out, const Floats& values) {
  put<kNonTemporal>(out, _mm512_cvtneps_pbh(values));  // takes subnormal numbers for 0
}

template <bool kNonTemporal>
BSGROW_INLINE void put_two(Quick<BFloat16>* out, const Floats& first, const Floats& second) {
  put<kNonTemporal>(out, _mm512_cvtne2ps_pbh(second, first));
}
#else
template <bool kNonTemporal>
BSGROW_INLINE void put_rounded(Quick<BFloat16>* out, const Floats& values) {
  put<kNonTemporal>(out, __builtin_convertvector(((Bits)values + 0x8000u) >> 16, Words));
}
#endif

#if defined(BSGROW_AVX2) && !defined(BSGROW_AVX512)
template <bool kNonTemporal>
BSGROW_INLINE void put_two(Quick<BFloat16>* out, const Floats& even, const Floats& odd) {
  const __m256i low = (__m256i)(((Bits)even + 0x8000u) >> 16);
  put<kNonTemporal>(out, _mm256_blend_epi16(low, (__m256i)((Bits)odd + 0x8000u), 0xAA));
}
#endif

// pixels * scale + bias, for numbers that are then put to out.
template <typename Out>
BSGROW_INLINE void normalise(const Out*, const Floats& pixels, const Floats& scale,
                             const Floats& bias, Floats& values) {
  values = pixels * scale;
  values += bias;
}

template <typename Half>
BSGROW_INLINE void normalise(const Quick<Half>*, const Floats& pixels, const Floats& scale,
                             const Floats& bias, Floats& values) {
#if defined(BSGROW_AVX512)
  values = _mm512_fmadd_ps(pixels, scale, bias);
#elif defined(BSGROW_AVX2)
  values = _mm256_fmadd_ps(pixels, scale, bias);
#elif defined(__aarch64__)
  values = (Floats)vfmaq_f32((float32x4_t)bias, (float32x4_t)pixels, (float32x4_t)scale);
#else
  normalise(static_cast<const Half*>(nullptr), pixels, scale, bias, values);
#endif
}

// Whether the shortcut with its own bias gives the same bits for all numbers that a channel may
// hold, which are 256.
template <typename Half>
BSGROW_INLINE bool is_exact(float scale, float bias, float own_bias) {
  const Floats scales = scale - Floats{};  // in all lanes; -0 + 0 would be 0
  const Floats biases[2] = {bias - Floats{}, own_bias - Floats{}};
  for (int pixel = 0; pixel < 256; pixel += 2 * kLanes) {
    Floats pixels[2];
    for (int i = 0; i < 2 * kLanes; ++i) pixels[i / kLanes][i % kLanes] = pixel + i;
    alignas(kCacheLine) Half exact[2 * kLanes];
    alignas(kCacheLine) Quick<Half> quick[2 * kLanes];
    Floats values[2];
    for (int i = 0; i < 2; ++i) normalise(exact, pixels[i], scales, biases[0], values[i]);
    put_two<false>(exact, values[0], values[1]);
    for (int i = 0; i < 2; ++i) normalise(quick, pixels[i], scales, biases[1], values[i]);
    put_two<false>(quick, values[0], values[1]);
    if (memcmp(exact, quick, sizeof exact)) return false;
  }
  return true;
}

// Finds a bias with which the shortcut serves: the exact one, or one of its neighbours, as one of
// the 256 may lie next to where rounding changes.
template <typename Half>
bool find_shortcut(float scale, float& bias) {
  for (const int step : {0, -1, 1}) {
    uint32_t bits;
    memcpy(&bits, &bias, sizeof bits);
    bits += static_cast<uint32_t>(step);
    float own_bias;
    memcpy(&own_bias, &bits, sizeof bits);
    if (is_exact<Half>(scale, bias, own_bias)) {
      bias = own_bias;
      return true;
    }
  }
  return false;
}
