// The inverse DCT of a JPEG, to the bits of libjpeg-turbo's vector code for x86-64: see
// cpu/samples.h. It is that of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) in whole numbers of
// 13 bits. Sums of two coefficients wrap at 16 bits; what a pass gives saturates at them, but where
// there are coefficients in the first row alone: there the first pass is a shift, which wraps.

constexpr int kConstantBits = 13;
constexpr int kPassBits = 2;  // more of them between the passes
constexpr int kFirstShift = kConstantBits - kPassBits;
constexpr int kSecondShift = kConstantBits + kPassBits + 3;

// Weights of pairs of coefficients, times 2^13.
constexpr int kPair26[2][2] = {{10703, 4433}, {4433, -10704}};
constexpr int kPair37With15[2][2] = {{-6436, 9633}, {9633, 6437}};
constexpr int kPair71[2][2] = {{-4927, -7373}, {-7373, 4926}};
constexpr int kPair53[2][2] = {{-4176, -20995}, {-20995, 4177}};

#if defined(BSGROW_AVX2)

BSGROW_INLINE __m128i load_row(const void* row) {
  return _mm_load_si128(static_cast<const __m128i*>(row));
}

// Pairs of two rows, column by column.
BSGROW_INLINE __m256i pair_rows(const __m128i& a, const __m128i& b) {
  const __m128i low = _mm_unpacklo_epi16(a, b);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), _mm_unpackhi_epi16(a, b), 1);
}

BSGROW_INLINE __m256i weigh(const __m256i& pairs, const int (&weights)[2]) {
  const auto both = static_cast<int32_t>(static_cast<uint16_t>(weights[0]) |
                                         static_cast<uint32_t>(weights[1]) << 16);
  return _mm256_madd_epi16(pairs, _mm256_set1_epi32(both));
}

BSGROW_INLINE __m256i widen(const __m128i& row) {
  return _mm256_slli_epi32(_mm256_cvtepi16_epi32(row), kConstantBits);
}

// Rows a and b of eight numbers each: a's first four, b's first four, a's last, b's last.
template <int kShift>
BSGROW_INLINE __m256i narrow(const __m256i& a, const __m256i& b) {
  return _mm256_packs_epi32(_mm256_srai_epi32(a, kShift), _mm256_srai_epi32(b, kShift));
}

// One pass down the columns; the rows come out in pairs 0 and 4, 1 and 5, 2 and 6, 3 and 7.
template <int kShift>
BSGROW_INLINE void transform(const __m128i (&in)[8], __m256i (&out)[4]) {
  const __m256i pair26 = pair_rows(in[2], in[6]);
  const __m256i pair71 = pair_rows(in[7], in[1]);
  const __m256i pair53 = pair_rows(in[5], in[3]);
  const __m256i sums = pair_rows(_mm_add_epi16(in[7], in[3]), _mm_add_epi16(in[5], in[1]));
  const __m256i rounding = _mm256_set1_epi32(1 << (kShift - 1));
  const __m256i sum04 = _mm256_add_epi32(widen(_mm_add_epi16(in[0], in[4])), rounding);
  const __m256i diff04 = _mm256_add_epi32(widen(_mm_sub_epi16(in[0], in[4])), rounding);
  const __m256i even03 = weigh(pair26, kPair26[0]);
  const __m256i even12 = weigh(pair26, kPair26[1]);
  const __m256i even[4] = {_mm256_add_epi32(sum04, even03), _mm256_add_epi32(diff04, even12),
                           _mm256_sub_epi32(diff04, even12), _mm256_sub_epi32(sum04, even03)};
  const __m256i odd37 = weigh(sums, kPair37With15[0]);
  const __m256i odd15 = weigh(sums, kPair37With15[1]);
  const __m256i odd[4] = {_mm256_add_epi32(weigh(pair71, kPair71[1]), odd15),
                          _mm256_add_epi32(weigh(pair53, kPair53[1]), odd37),
                          _mm256_add_epi32(weigh(pair53, kPair53[0]), odd15),
                          _mm256_add_epi32(weigh(pair71, kPair71[0]), odd37)};
  for (int i = 0; i < 4; ++i) {
    const int mirrored = 3 - i;  // row 4 + i is made of what row 3 - i is
    out[i] = narrow<kShift>(_mm256_add_epi32(even[i], odd[i]),
                            _mm256_sub_epi32(even[mirrored], odd[mirrored]));
  }
}

// The transpose of eight rows that come in pairs; halves of a vector are what they are.
BSGROW_INLINE void transpose(const __m256i (&in)[4], __m256i (&out)[4]) {
  // in[i]: i_0..3, (4+i)_0..3 | i_4..7, (4+i)_4..7
  const __m256i a = _mm256_unpacklo_epi16(in[0], in[1]);  // 00 10 01 11 02 12 03 13
  const __m256i b = _mm256_unpackhi_epi16(in[0], in[1]);  // 40 50 41 51 ..
  const __m256i c = _mm256_unpacklo_epi16(in[2], in[3]);  // 20 30 21 31 ..
  const __m256i d = _mm256_unpackhi_epi16(in[2], in[3]);  // 60 70 61 71 ..
  const __m256i e = _mm256_unpacklo_epi32(a, c);          // 00 10 20 30 01 11 21 31
  const __m256i f = _mm256_unpackhi_epi32(a, c);          // 02 .. 03 ..
  const __m256i g = _mm256_unpacklo_epi32(b, d);          // 40 50 60 70 41 ..
  const __m256i h = _mm256_unpackhi_epi32(b, d);
  out[0] = _mm256_unpacklo_epi64(e, g);  // column 0 | column 4
  out[1] = _mm256_unpackhi_epi64(e, g);  // 1 | 5
  out[2] = _mm256_unpacklo_epi64(f, h);
  out[3] = _mm256_unpackhi_epi64(f, h);
}

BSGROW_INLINE void split(const __m256i (&pairs)[4], __m128i (&rows)[8]) {
  for (int i = 0; i < 4; ++i) {
    rows[i] = _mm256_castsi256_si128(pairs[i]);
    rows[4 + i] = _mm256_extracti128_si256(pairs[i], 1);
  }
}

BSGROW_INLINE bool is_first_row_alone(const int16_t* coefficients) {
  __m128i any = load_row(coefficients + 8);
  for (int i = 2; i < 8; ++i) any = _mm_or_si128(any, load_row(coefficients + 8 * i));
  return _mm_testz_si128(any, any);
}

// Each of eight numbers to a row of its own.
BSGROW_INLINE void spread(const __m128i& numbers, __m128i (&rows)[8]) {
  const __m128i low = _mm_unpacklo_epi16(numbers, numbers);
  const __m128i high = _mm_unpackhi_epi16(numbers, numbers);
  rows[0] = _mm_shuffle_epi32(low, 0x00);
  rows[1] = _mm_shuffle_epi32(low, 0x55);
  rows[2] = _mm_shuffle_epi32(low, 0xAA);
  rows[3] = _mm_shuffle_epi32(low, 0xFF);
  rows[4] = _mm_shuffle_epi32(high, 0x00);
  rows[5] = _mm_shuffle_epi32(high, 0x55);
  rows[6] = _mm_shuffle_epi32(high, 0xAA);
  rows[7] = _mm_shuffle_epi32(high, 0xFF);
}

BSGROW_INLINE void put_two_rows(const __m128i& rows, uint8_t* first, int64_t pitch) {
  _mm_storel_epi64(reinterpret_cast<__m128i*>(first), rows);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(first + pitch), _mm_srli_si128(rows, 8));
}

void inverse_dct(const int16_t* coefficients, const uint16_t* table, uint8_t* out, int64_t pitch) {
  __m128i rows[8];
  __m256i pairs[4];
  __m256i transposed[4];
  for (int i = 0; i < 8; ++i) {
    const __m128i steps = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table + 8 * i));
    rows[i] = _mm_mullo_epi16(load_row(coefficients + 8 * i), steps);
  }
  if (is_first_row_alone(coefficients)) {
    spread(_mm_slli_epi16(rows[0], kPassBits), rows);
  } else {
    transform<kFirstShift>(rows, pairs);
    transpose(pairs, transposed);
    split(transposed, rows);
  }
  transform<kSecondShift>(rows, pairs);
  transpose(pairs, transposed);
  const __m256i centre = _mm256_set1_epi8(-128);
  const __m256i low = _mm256_add_epi8(_mm256_packs_epi16(transposed[0], transposed[1]), centre);
  const __m256i high = _mm256_add_epi8(_mm256_packs_epi16(transposed[2], transposed[3]), centre);
  put_two_rows(_mm256_castsi256_si128(low), out, pitch);
  put_two_rows(_mm256_castsi256_si128(high), out + 2 * pitch, pitch);
  put_two_rows(_mm256_extracti128_si256(low, 1), out + 4 * pitch, pitch);
  put_two_rows(_mm256_extracti128_si256(high, 1), out + 6 * pitch, pitch);
}

#else

BSGROW_INLINE int16_t wrap(int number) { return static_cast<int16_t>(number); }

BSGROW_INLINE bool is_first_row_alone(const int16_t* coefficients) {
  int any = 0;
  for (int i = 8; i < 64; ++i) any |= coefficients[i];
  return any == 0;
}

// One pass down the columns.
template <int kShift>
BSGROW_INLINE void transform(const int16_t (&in)[8][8], int16_t (&out)[8][8]) {
  for (int x = 0; x < 8; ++x) {
    const int sum04 = wrap(in[0][x] + in[4][x]) * (1 << kConstantBits);
    const int diff04 = wrap(in[0][x] - in[4][x]) * (1 << kConstantBits);
    const int sum37 = wrap(in[3][x] + in[7][x]);
    const int sum15 = wrap(in[1][x] + in[5][x]);
    const auto weigh = [&](int a, int b, const int (&weights)[2])
                           BSGROW_INLINE_LAMBDA { return a * weights[0] + b * weights[1]; };
    const int even03 = weigh(in[2][x], in[6][x], kPair26[0]);
    const int even12 = weigh(in[2][x], in[6][x], kPair26[1]);
    const int odd37 = weigh(sum37, sum15, kPair37With15[0]);
    const int odd15 = weigh(sum37, sum15, kPair37With15[1]);
    const int even[4] = {sum04 + even03, diff04 + even12, diff04 - even12, sum04 - even03};
    const int odd[4] = {weigh(in[7][x], in[1][x], kPair71[1]) + odd15,
                        weigh(in[5][x], in[3][x], kPair53[1]) + odd37,
                        weigh(in[5][x], in[3][x], kPair53[0]) + odd15,
                        weigh(in[7][x], in[1][x], kPair71[0]) + odd37};
    for (int i = 0; i < 4; ++i) {
      const auto narrow = [](uint32_t sum) BSGROW_INLINE_LAMBDA {
        const int shifted = static_cast<int32_t>(sum + (1 << (kShift - 1))) >> kShift;
        return static_cast<int16_t>(shifted > 32767 ? 32767 : shifted < -32768 ? -32768 : shifted);
      };
      out[i][x] = narrow(static_cast<uint32_t>(even[i]) + odd[i]);
      out[7 - i][x] = narrow(static_cast<uint32_t>(even[i]) - odd[i]);
    }
  }
}

BSGROW_INLINE void transpose(const int16_t (&in)[8][8], int16_t (&out)[8][8]) {
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) out[x][y] = in[y][x];
  }
}

void inverse_dct(const int16_t* coefficients, const uint16_t* table, uint8_t* out, int64_t pitch) {
  int16_t rows[8][8];
  int16_t columns[8][8];
  for (int i = 0; i < 64; ++i) {
    rows[i / 8][i % 8] = static_cast<int16_t>(static_cast<uint16_t>(coefficients[i]) *
                                              static_cast<uint32_t>(table[i]));
  }
  if (is_first_row_alone(coefficients)) {
    for (int i = 0; i < 64; ++i) columns[i / 8][i % 8] = wrap(rows[0][i % 8] * (1 << kPassBits));
  } else {
    transform<kFirstShift>(rows, columns);
  }
  transpose(columns, rows);
  transform<kSecondShift>(rows, columns);
  transpose(columns, rows);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      const int level = rows[y][x];
      out[y * pitch + x] = static_cast<uint8_t>((level > 127    ? 127
                                                 : level < -128 ? -128
                                                                : level) +
                                                128);
    }
  }
}

#endif
