// Smooth upsampling and colours of a JPEG, to the bits of libjpeg-turbo: see cpu/samples.h.

// Weights of the colours, times 2^16, less the whole ones that are added without.
constexpr int kRedOfCr = 91881;
constexpr int kGreenOfCb = -22554;
constexpr int kGreenOfCr = -46802;
constexpr int kBlueOfCb = 116130;
constexpr int kHalf = 1 << 15;

#if defined(BSGROW_AVX2)

// Three times the nearer and once the farther of 32 samples, as they lie in halves of a vector:
// 0 to 7 and 16 to 23, then the others.
BSGROW_INLINE void blend(const uint8_t* near, const uint8_t* far, __m256i (&sums)[2]) {
  const __m256i weights = _mm256_set1_epi16(0x0103);
  const __m256i nearer = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(near));
  const __m256i farther = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(far));
  sums[0] = _mm256_maddubs_epi16(_mm256_unpacklo_epi8(nearer, farther), weights);
  sums[1] = _mm256_maddubs_epi16(_mm256_unpackhi_epi8(nearer, farther), weights);
}

// Two samples a word.
BSGROW_INLINE __m256i upsample(const __m256i& before, const __m256i& sums, const __m256i& behind,
                               int left_rounding, int right_rounding) {
  const __m256i thrice = _mm256_add_epi16(sums, _mm256_add_epi16(sums, sums));
  const __m256i left = _mm256_add_epi16(_mm256_add_epi16(thrice, before),
                                        _mm256_set1_epi16(static_cast<int16_t>(left_rounding)));
  const __m256i right = _mm256_add_epi16(_mm256_add_epi16(thrice, behind),
                                         _mm256_set1_epi16(static_cast<int16_t>(right_rounding)));
  const __m256i high = _mm256_slli_epi16(_mm256_srli_epi16(right, 4), 8);
  return _mm256_or_si256(_mm256_srli_epi16(left, 4), high);
}

BSGROW_INLINE void upsample_block(const uint8_t* near, const uint8_t* far, int left_rounding,
                                  int right_rounding, uint8_t* out) {
  __m256i before[2];
  __m256i sums[2];
  __m256i behind[2];
  blend(near - 1, far - 1, before);
  blend(near, far, sums);
  blend(near + 1, far + 1, behind);
  const __m256i low = upsample(before[0], sums[0], behind[0], left_rounding, right_rounding);
  const __m256i high = upsample(before[1], sums[1], behind[1], left_rounding, right_rounding);
  store(out, _mm256_permute2x128_si256(low, high, 0x20));
  store(out + 32, _mm256_permute2x128_si256(low, high, 0x31));
}

// Red, green and blue of 16 pixels, as words. Whole parts of the weights are added as they are.
BSGROW_INLINE void to_colours(const __m256i& y, const __m256i& cb, const __m256i& cr,
                              __m256i (&colours)[3]) {
  const __m256i half = _mm256_set1_epi32(kHalf);
  const __m256i redness = _mm256_srai_epi16(
      _mm256_add_epi16(
          _mm256_mulhi_epi16(_mm256_add_epi16(cr, cr), _mm256_set1_epi16(kRedOfCr - 65536)),
          _mm256_set1_epi16(1)),
      1);
  colours[0] = _mm256_add_epi16(_mm256_add_epi16(y, cr), redness);
  const __m256i weights = _mm256_set1_epi32(static_cast<int32_t>(
      static_cast<uint16_t>(kGreenOfCb) | static_cast<uint32_t>(kGreenOfCr + 65536) << 16));
  const __m256i low = _mm256_madd_epi16(_mm256_unpacklo_epi16(cb, cr), weights);
  const __m256i high = _mm256_madd_epi16(_mm256_unpackhi_epi16(cb, cr), weights);
  const __m256i greenness = _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(low, half), 16),
                                               _mm256_srai_epi32(_mm256_add_epi32(high, half), 16));
  colours[1] = _mm256_sub_epi16(_mm256_add_epi16(y, greenness), cr);
  const __m256i blueness = _mm256_mulhrs_epi16(cb, _mm256_set1_epi16(kBlueOfCb / 2 - 65536));
  colours[2] = _mm256_add_epi16(_mm256_add_epi16(y, _mm256_add_epi16(cb, cb)), blueness);
}

// Pixels of 16 samples of each colour in either half of the vectors.
BSGROW_INLINE void put_pixels(const __m256i (&colours)[3], uint8_t* out) {
  // Byte 3i + c of 48 is byte i of colour c; each third of them has its own order.
  alignas(16) static constexpr int8_t kOrders[3][3][16] = {
      {{0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5},
       {-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1},
       {-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1}},
      {{-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1},
       {5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10},
       {-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1}},
      {{-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1},
       {-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1},
       {10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15}}};
  for (int third = 0; third < 3; ++third) {
    __m256i bytes = _mm256_setzero_si256();
    for (int colour = 0; colour < 3; ++colour) {
      const __m256i order = _mm256_broadcastsi128_si256(
          _mm_load_si128(reinterpret_cast<const __m128i*>(kOrders[third][colour])));
      bytes = _mm256_or_si256(bytes, _mm256_shuffle_epi8(colours[colour], order));
    }
    store(out + 16 * third, _mm256_castsi256_si128(bytes));
    store(out + 48 + 16 * third, _mm256_extracti128_si256(bytes, 1));
  }
}

BSGROW_INLINE void to_rgb_block(const uint8_t* y, const uint8_t* cb, const uint8_t* cr,
                                uint8_t* out) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i centre = _mm256_set1_epi16(128);
  const __m256i samples[3] = {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(y)),
                              _mm256_loadu_si256(reinterpret_cast<const __m256i*>(cb)),
                              _mm256_loadu_si256(reinterpret_cast<const __m256i*>(cr))};
  __m256i low[3];
  __m256i high[3];
  to_colours(_mm256_unpacklo_epi8(samples[0], zero),
             _mm256_sub_epi16(_mm256_unpacklo_epi8(samples[1], zero), centre),
             _mm256_sub_epi16(_mm256_unpacklo_epi8(samples[2], zero), centre), low);
  to_colours(_mm256_unpackhi_epi8(samples[0], zero),
             _mm256_sub_epi16(_mm256_unpackhi_epi8(samples[1], zero), centre),
             _mm256_sub_epi16(_mm256_unpackhi_epi8(samples[2], zero), centre), high);
  __m256i colours[3];
  for (int c = 0; c < 3; ++c) colours[c] = _mm256_packus_epi16(low[c], high[c]);
  put_pixels(colours, out);
}

#else

BSGROW_INLINE uint8_t to_byte(int level) {
  return static_cast<uint8_t>(level < 0 ? 0 : level > 255 ? 255 : level);
}

BSGROW_INLINE void upsample_block(const uint8_t* near, const uint8_t* far, int left_rounding,
                                  int right_rounding, uint8_t* out) {
  uint16_t sums[kSampleBlock + 2];
  for (int64_t i = 0; i < kSampleBlock + 2; ++i) {
    sums[i] = static_cast<uint16_t>(3 * near[i - 1] + far[i - 1]);
  }
  for (int64_t i = 0; i < kSampleBlock; ++i) {
    out[2 * i] = static_cast<uint8_t>((3 * sums[i + 1] + sums[i] + left_rounding) >> 4);
    out[2 * i + 1] = static_cast<uint8_t>((3 * sums[i + 1] + sums[i + 2] + right_rounding) >> 4);
  }
}

BSGROW_INLINE void to_rgb_block(const uint8_t* y, const uint8_t* cb, const uint8_t* cr,
                                uint8_t* out) {
  for (int64_t i = 0; i < kSampleBlock; ++i) {
    const int blue = cb[i] - 128;
    const int red = cr[i] - 128;
    out[3 * i] = to_byte(y[i] + ((kRedOfCr * red + kHalf) >> 16));
    out[3 * i + 1] = to_byte(y[i] + ((kGreenOfCb * blue + kGreenOfCr * red + kHalf) >> 16));
    out[3 * i + 2] = to_byte(y[i] + ((kBlueOfCb * blue + kHalf) >> 16));
  }
}

#endif

// Three quarters of the nearer sample and a quarter of the farther, for each side; halves are
// rounded up and down in turn. A row at its full height is as near as far.
void upsample_row(const uint8_t* near, const uint8_t* far, int64_t count, uint8_t* out) {
  for (int64_t i = 0; i < count; i += kSampleBlock) {
    if (far) {
      upsample_block(near + i, far + i, 8, 7, out + 2 * i);
    } else {
      upsample_block(near + i, near + i, 4, 8, out + 2 * i);
    }
  }
}

void to_rgb(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int64_t count, uint8_t* out) {
  for (int64_t i = 0; i < count; i += kSampleBlock) {
    to_rgb_block(y + i, cb + i, cr + i, out + 3 * i);
  }
}
