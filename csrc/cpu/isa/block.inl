// Rows are handled in blocks, one vector at a time. The types are the vector types of GCC and
// Clang, lowered to what the target has; an intrinsic stands only where GCC 12's lowering was
// measured to be several times slower.

constexpr int64_t kBytes = 16;  // of a block that is copied
#if defined(BSGROW_AVX512)
constexpr int64_t kLanes = 16;  // of a block that is converted
#else
constexpr int64_t kLanes = 8;
#endif

using Bytes = uint8_t __attribute__((vector_size(kBytes)));
using Pixels = uint8_t __attribute__((vector_size(kLanes)));
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

BSGROW_INLINE void reverse(Bytes& block) {
#if defined(__clang__)
  block =
      __builtin_shufflevector(block, block, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
#else
  block = __builtin_shuffle(block, Bytes{15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0});
#endif
}

BSGROW_INLINE void load_pixels(Floats& pixels, const uint8_t* in) {
#if defined(BSGROW_AVX512)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
  pixels = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
#elif defined(BSGROW_AVX2)
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(in));
  pixels = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
#else
  Pixels bytes;
  load(bytes, in);  // one doubling at a time: compilers turn each into vector instructions
  const Words words = __builtin_convertvector(bytes, Words);
  pixels = __builtin_convertvector(__builtin_convertvector(words, Integers), Floats);
#endif
}

// A streamed store writes past the caches, without first reading what it overwrites. It needs
// memory aligned to the block.
template <bool kStreamed, typename Vector>
BSGROW_INLINE void put(void* to, const Vector& block) {
#if defined(BSGROW_AVX2)
  if constexpr (kStreamed && sizeof block == 16) {
    return _mm_stream_si128(static_cast<__m128i*>(to), (__m128i)block);
  } else if constexpr (kStreamed && sizeof block == 32) {
    return _mm256_stream_si256(static_cast<__m256i*>(to), (__m256i)block);
  }
#endif
#if defined(BSGROW_AVX512)
  if constexpr (kStreamed && sizeof block == 64) {
    return _mm512_stream_si512(static_cast<__m512i*>(to), (__m512i)block);
  }
#endif
  store(to, block);
}

void finish_streamed() {
#if defined(BSGROW_AVX2)
  _mm_sfence();
#endif
}

void zero_streamed(void* out, int64_t num_bytes) {
  auto* const bytes = static_cast<char*>(out);
  constexpr int64_t kSize = sizeof(Floats);
  const int64_t head = -reinterpret_cast<intptr_t>(out) & (kSize - 1);
  const int64_t body = num_bytes > head ? (num_bytes - head) / kSize * kSize : 0;
  if (body == 0) {
    memset(bytes, 0, num_bytes);
    return;
  }
  memset(bytes, 0, head);
  for (int64_t i = 0; i < body; i += kSize) put<true>(bytes + head + i, Floats{});
  memset(bytes + head + body, 0, num_bytes - head - body);
  finish_streamed();
}

template <bool kStreamed>
BSGROW_INLINE void put_rounded(float* out, const Floats& values) {
  put<kStreamed>(out, values);
}

template <bool kStreamed>
BSGROW_INLINE void put_rounded(Float16* out, const Floats& values) {
#if defined(BSGROW_AVX512)
  put<kStreamed>(out, _mm512_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT));
#elif defined(BSGROW_AVX2)
  put<kStreamed>(out, _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT));
#else
  Bits rounded;
  round_bits(values, rounded, Float16{});
  put<kStreamed>(out, __builtin_convertvector(rounded, Words));
#endif
}

template <bool kStreamed>
BSGROW_INLINE void put_rounded(BFloat16* out, const Floats& values) {
  Bits rounded;
  round_bits(values, rounded, BFloat16{});
  put<kStreamed>(out, __builtin_convertvector(rounded, Words));
}

// Covers [0, length) with blocks, the last one shifted back to end with the row: doing some
// elements twice is cheaper than a scalar tail, and nothing outside is touched.
template <int64_t kBlock, typename Block, typename Single>
BSGROW_INLINE void sweep(int64_t length, const Block& block, const Single& single) {
  if (length < kBlock) {
    for (int64_t x = 0; x < length; ++x) single(x);
    return;
  }
  for (int64_t x = 0; x + kBlock <= length; x += kBlock) block(x);
  if (length % kBlock) block(length - kBlock);
}
