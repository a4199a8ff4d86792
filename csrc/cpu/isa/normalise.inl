// Normalise and cast: see NormaliseRows in cpu/rows.h.

BSGROW_INLINE void load_pixels(Floats& pixels, const uint8_t* in) {
#if defined(BSGROW_AVX512)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
  pixels = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
#elif defined(BSGROW_AVX2)
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(in));
  pixels = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
#else
  uint8_t __attribute__((vector_size(kLanes))) bytes;
  load(bytes, in);  // one doubling at a time: compilers turn each into vector instructions
  const Words words = __builtin_convertvector(bytes, Words);
  pixels = __builtin_convertvector(__builtin_convertvector(words, Integers), Floats);
#endif
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

// Scale and bias of a plane: the same for every element, and kept in registers.
struct PlaneAffine {
  Floats scales;
  Floats biases;

  BSGROW_INLINE PlaneAffine(const float* scale, const float* bias) {
    for (int64_t i = 0; i < kLanes; ++i) {
      scales[i] = scale[0];
      biases[i] = bias[0];
    }
  }
  BSGROW_INLINE void apply(Floats& pixels, int64_t) const { pixels = pixels * scales + biases; }
  BSGROW_INLINE float apply_one(float pixel, int64_t) const {
    return pixel * scales[0] + biases[0];
  }
};

// Scale and bias of a row of interleaved channels: one for each element.
struct RowAffine {
  const float* scale;
  const float* bias;

  BSGROW_INLINE RowAffine(const float* scale, const float* bias) : scale(scale), bias(bias) {}
  BSGROW_INLINE void apply(Floats& pixels, int64_t x) const {
    Floats scales, biases;
    load(scales, scale + x);
    load(biases, bias + x);
    pixels = pixels * scales + biases;
  }
  BSGROW_INLINE float apply_one(float pixel, int64_t x) const { return pixel * scale[x] + bias[x]; }
};

template <bool kNonTemporal, typename Out, typename Affine>
BSGROW_INLINE void normalise_row(const uint8_t* in, const Affine& affine, Out* out,
                                 int64_t length) {
  const auto block = [=, &affine](int64_t x) BSGROW_INLINE_LAMBDA {
    Floats pixels;
    load_pixels(pixels, in + x);
    affine.apply(pixels, x);
    put_rounded<kNonTemporal>(out + x, pixels);
  };
  const auto single = [=, &affine](int64_t x)
                          BSGROW_INLINE_LAMBDA { round_to(affine.apply_one(in[x], x), out[x]); };
  sweep<kLanes>(length, block, single);
}

template <bool kNonTemporal, typename Out, typename Affine>
BSGROW_INLINE void normalise_each_row(const Rows& rows, const Affine& affine, Out* out) {
  const int64_t stride = rows.stride;
  const int64_t length = rows.length;
  for (int64_t y = 0; y < rows.count; ++y) {
    normalise_row<kNonTemporal>(rows.first + y * stride, affine, out + y * length, length);
  }
}

// Whether every block of every row starts at a multiple of its own size.
template <typename Out>
BSGROW_INLINE bool fits_blocks(const Rows& rows, const void* out) {
  return rows.length % kLanes == 0 &&
         reinterpret_cast<uintptr_t>(out) % (kLanes * sizeof(Out)) == 0;
}

template <typename Out, typename Affine>
void normalise_rows(const Rows& rows, const float* scale, const float* bias, void* out) {
  const Affine affine(scale, bias);
  if (rows.non_temporal && fits_blocks<Out>(rows, out)) {
    normalise_each_row<true>(rows, affine, static_cast<Out*>(out));
  } else {
    normalise_each_row<false>(rows, affine, static_cast<Out*>(out));
  }
}
