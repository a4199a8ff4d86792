// Bilinear resize in whole numbers, to the bits of Pillow: see ResizeRow and BlendRows in
// cpu/taps.h. A sum of products fits 31 bits: weights sum to about 2^22, pixels are below 2^8.

constexpr int32_t kRounding = 1 << (kWeightBits - 1);

#if defined(BSGROW_AVX2)

BSGROW_INLINE __m256i load_two(const void* low, const void* high) {
  const __m128i first = _mm_loadu_si128(static_cast<const __m128i*>(low));
  const __m128i second = _mm_loadu_si128(static_cast<const __m128i*>(high));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

// Sums of high and low halves of the weights, put together and rounded to whole levels.
BSGROW_INLINE __m256i to_levels(__m256i high, __m256i low) {
  const __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(high, kLowBits), low);
  return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(kRounding)), kWeightBits);
}

BSGROW_INLINE __m256i pair_of(const int16_t* weights) {
  int32_t pair;
  memcpy(&pair, weights, sizeof pair);
  return _mm256_set1_epi32(pair);
}

// Adds four taps of a pixel in two rows, a lane each: red, green and blue as 32-bit sums. A tap is
// a pixel of three bytes; pairs of taps are spread to pairs of 16-bit words of one colour.
BSGROW_INLINE void add_taps(const __m256i& pixels, const TapGroup& group, __m256i* high,
                            __m256i* low) {
  const __m256i first_pair = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
  const __m256i second_pair = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
  const __m256i a = _mm256_shuffle_epi8(pixels, first_pair);
  const __m256i b = _mm256_shuffle_epi8(pixels, second_pair);
  *high = _mm256_add_epi32(*high, _mm256_madd_epi16(a, pair_of(group.high)));
  *high = _mm256_add_epi32(*high, _mm256_madd_epi16(b, pair_of(group.high + 2)));
  *low = _mm256_add_epi32(*low, _mm256_madd_epi16(a, pair_of(group.low)));
  *low = _mm256_add_epi32(*low, _mm256_madd_epi16(b, pair_of(group.low + 2)));
}

// A pixel of two rows. One group of taps, the common case, is worth code of its own.
template <bool kOneGroup>
BSGROW_INLINE __m256i resize_pixel(const Taps& taps, const RowPair& rows, int64_t pixel) {
  const int64_t num_groups = kOneGroup ? 1 : taps.num_groups;
  const TapGroup* const groups = taps.groups + pixel * num_groups;
  const int64_t first = 3 * int64_t{taps.first[pixel]};
  __m256i high = _mm256_setzero_si256();
  __m256i low = _mm256_setzero_si256();
  for (int64_t g = 0; g < num_groups; ++g) {
    const int64_t at = first + 3 * kTapGroup * g;
    add_taps(load_two(rows.upper + at, rows.lower + at), groups[g], &high, &low);
  }
  return to_levels(high, low);
}

// Four pixels of four bytes in either row: red, green, blue and zero.
template <bool kOneGroup>
BSGROW_INLINE __m256i resize_four(const Taps& taps, const RowPair& rows, int64_t pixel) {
  const __m256i a = _mm256_packs_epi32(resize_pixel<kOneGroup>(taps, rows, pixel),
                                       resize_pixel<kOneGroup>(taps, rows, pixel + 1));
  const __m256i b = _mm256_packs_epi32(resize_pixel<kOneGroup>(taps, rows, pixel + 2),
                                       resize_pixel<kOneGroup>(taps, rows, pixel + 3));
  return _mm256_packus_epi16(a, b);
}

// Eight pixels, four in each vector, of either row in its half.
BSGROW_INLINE void put_planar(const __m256i& a, const __m256i& b, int64_t pitch, uint8_t* upper,
                              uint8_t* lower) {
  const __m256i by_colour = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  const __m256i first = _mm256_shuffle_epi8(a, by_colour);
  const __m256i second = _mm256_shuffle_epi8(b, by_colour);
  const __m256i red_green = _mm256_unpacklo_epi32(first, second);
  const __m256i blue = _mm256_unpackhi_epi32(first, second);
  const auto put = [pitch](const __m128i& colours, const __m128i& last,
                           uint8_t* out) BSGROW_INLINE_LAMBDA {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), colours);
    _mm_storeh_pd(reinterpret_cast<double*>(out + pitch), _mm_castsi128_pd(colours));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + 2 * pitch), last);
  };
  put(_mm256_castsi256_si128(red_green), _mm256_castsi256_si128(blue), upper);
  put(_mm256_extracti128_si256(red_green, 1), _mm256_extracti128_si256(blue, 1), lower);
}

BSGROW_INLINE void put_interleaved(const __m256i& a, const __m256i& b, uint8_t* upper,
                                   uint8_t* lower) {
  const __m256i without_fourth = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const __m256i first = _mm256_shuffle_epi8(a, without_fourth);
  const __m256i second = _mm256_shuffle_epi8(b, without_fourth);
  const __m256i head = _mm256_or_si256(first, _mm256_slli_si256(second, 12));
  const __m256i tail = _mm256_srli_si256(second, 4);
  store(upper, _mm256_castsi256_si128(head));
  store(lower, _mm256_extracti128_si256(head, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(upper + 16), _mm256_castsi256_si128(tail));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(lower + 16), _mm256_extracti128_si256(tail, 1));
}

template <bool kPlanar, bool kOneGroup>
BSGROW_INLINE void resize_block(const Taps& taps, const RowPair& rows, int64_t pixel, int64_t pitch,
                                uint8_t* upper, uint8_t* lower) {
  const __m256i a = resize_four<kOneGroup>(taps, rows, pixel);
  const __m256i b = resize_four<kOneGroup>(taps, rows, pixel + 4);
  if (kPlanar) {
    put_planar(a, b, pitch, upper + pixel, lower + pixel);
  } else {
    put_interleaved(a, b, upper + 3 * pixel, lower + 3 * pixel);
  }
}

// Adds two rows of 16 bytes, in order, times a pair of weights: sums[2] are of 8 bytes each.
BSGROW_INLINE void add_pair(const __m256i& words, const __m256i& high_weights,
                            const __m256i& low_weights, __m256i* high, __m256i* low) {
  *high = _mm256_add_epi32(*high, _mm256_madd_epi16(words, high_weights));
  *low = _mm256_add_epi32(*low, _mm256_madd_epi16(words, low_weights));
}

BSGROW_INLINE void blend_block(const uint8_t* const* rows, const TapGroup* groups, int64_t num_rows,
                               int64_t at, uint8_t* out) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i high[4] = {zero, zero, zero, zero};
  __m256i low[4] = {zero, zero, zero, zero};
  for (int64_t r = 0; r < num_rows; r += 2) {
    const TapGroup& group = groups[r / kTapGroup];
    const __m256i highs = pair_of(group.high + r % kTapGroup);
    const __m256i lows = pair_of(group.low + r % kTapGroup);
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[r] + at));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[r + 1] + at));
    const __m256i ab = _mm256_unpacklo_epi8(a, b);
    const __m256i cd = _mm256_unpackhi_epi8(a, b);
    add_pair(_mm256_unpacklo_epi8(ab, zero), highs, lows, &high[0], &low[0]);
    add_pair(_mm256_unpackhi_epi8(ab, zero), highs, lows, &high[1], &low[1]);
    add_pair(_mm256_unpacklo_epi8(cd, zero), highs, lows, &high[2], &low[2]);
    add_pair(_mm256_unpackhi_epi8(cd, zero), highs, lows, &high[3], &low[3]);
  }
  const __m256i first = _mm256_packs_epi32(to_levels(high[0], low[0]), to_levels(high[1], low[1]));
  const __m256i second = _mm256_packs_epi32(to_levels(high[2], low[2]), to_levels(high[3], low[3]));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + at), _mm256_packus_epi16(first, second));
}

#else

BSGROW_INLINE int32_t weight_of(const TapGroup* groups, int64_t tap) {
  const TapGroup& group = groups[tap / kTapGroup];
  return group.high[tap % kTapGroup] * (1 << kLowBits) + group.low[tap % kTapGroup];
}

BSGROW_INLINE uint8_t to_level(int32_t sum) {
  const int32_t level = (sum + kRounding) >> kWeightBits;
  return static_cast<uint8_t>(level > 255 ? 255 : level);
}

template <bool kPlanar>
BSGROW_INLINE void resize_pixel(const Taps& taps, const uint8_t* row, int64_t pixel, int64_t pitch,
                                uint8_t* out) {
  const TapGroup* const groups = taps.groups + pixel * taps.num_groups;
  const uint8_t* const in = row + 3 * taps.first[pixel];
  int32_t sums[3] = {0, 0, 0};
  for (int64_t tap = 0; tap < taps.num_taps; ++tap) {
    const int32_t weight = weight_of(groups, tap);
    for (int64_t c = 0; c < 3; ++c) sums[c] += in[3 * tap + c] * weight;
  }
  for (int64_t c = 0; c < 3; ++c) {
    out[kPlanar ? c * pitch + pixel : 3 * pixel + c] = to_level(sums[c]);
  }
}

template <bool kPlanar, bool kOneGroup>
BSGROW_INLINE void resize_block(const Taps& taps, const RowPair& rows, int64_t pixel, int64_t pitch,
                                uint8_t* upper, uint8_t* lower) {
  for (int64_t i = pixel; i < pixel + kPixelBlock; ++i) {
    resize_pixel<kPlanar>(taps, rows.upper, i, pitch, upper);
    resize_pixel<kPlanar>(taps, rows.lower, i, pitch, lower);
  }
}

BSGROW_INLINE void blend_block(const uint8_t* const* rows, const TapGroup* groups, int64_t num_rows,
                               int64_t at, uint8_t* out) {
  int32_t sums[kByteBlock] = {};
  for (int64_t r = 0; r < num_rows; ++r) {
    const int32_t weight = weight_of(groups, r);
    const uint8_t* const row = rows[r] + at;
    for (int64_t x = 0; x < kByteBlock; ++x) sums[x] += row[x] * weight;
  }
  for (int64_t x = 0; x < kByteBlock; ++x) out[at + x] = to_level(sums[x]);
}

#endif

template <bool kPlanar, bool kOneGroup>
BSGROW_INLINE void resize_blocks(const Taps& taps, const RowPair& rows, int64_t pitch,
                                 uint8_t* upper, uint8_t* lower) {
  for (int64_t pixel = 0; pixel < taps.count; pixel += kPixelBlock) {
    resize_block<kPlanar, kOneGroup>(taps, rows, pixel, pitch, upper, lower);
  }
}

template <bool kPlanar>
void resize_rows(const Taps& taps, const RowPair& rows, int64_t pitch, uint8_t* upper,
                 uint8_t* lower) {
  if (taps.num_groups == 1) {
    resize_blocks<kPlanar, true>(taps, rows, pitch, upper, lower);
  } else {
    resize_blocks<kPlanar, false>(taps, rows, pitch, upper, lower);
  }
}

void blend_rows(const uint8_t* const* rows, const TapGroup* groups, int64_t num_rows,
                int64_t num_bytes, uint8_t* out) {
  for (int64_t at = 0; at < num_bytes; at += kByteBlock) {
    blend_block(rows, groups, num_rows, at, out);
  }
}
