// The inverse DCT of a JPEG to a half or a quarter of its size, as libjpeg-turbo has it: the odd
// part of each pass is one sum of products, and coefficients that hardly matter are left out.

// Weights of coefficients 7, 5, 3 and 1 times 2^13, for the outer and the inner of four samples.
constexpr int kOuterOfFour[4] = {-4176, -4926, 7373, 20995};
constexpr int kInnerOfFour[4] = {-1730, 11893, -17799, 8697};
constexpr int kOfTwo[4] = {-5906, 6967, -10426, 29692};
constexpr int kEven2 = 15137;
constexpr int kEven6 = -6270;

// Sums of products of numbers that no image has wrap.
BSGROW_INLINE uint32_t times(int number, int weight) {
  return static_cast<uint32_t>(number) * static_cast<uint32_t>(weight);
}

BSGROW_INLINE uint32_t weigh_odd(const int (&in)[8], const int (&weights)[4]) {
  return times(in[7], weights[0]) + times(in[5], weights[1]) + times(in[3], weights[2]) +
         times(in[1], weights[3]);
}

template <int kShift>
BSGROW_INLINE int descale(uint32_t sum) {
  return static_cast<int32_t>(sum + (1u << (kShift - 1))) >> kShift;
}

// Eight coefficients to four samples or two.
template <int kShift>
BSGROW_INLINE void reduce(const int (&in)[8], int (&out)[4]) {
  const uint32_t first = times(in[0], 1 << (kConstantBits + 1));
  const uint32_t even = times(in[2], kEven2) + times(in[6], kEven6);
  const uint32_t outer = weigh_odd(in, kOuterOfFour);
  const uint32_t inner = weigh_odd(in, kInnerOfFour);
  out[0] = descale<kShift + 1>(first + even + outer);
  out[1] = descale<kShift + 1>(first - even + inner);
  out[2] = descale<kShift + 1>(first - even - inner);
  out[3] = descale<kShift + 1>(first + even - outer);
}

template <int kShift>
BSGROW_INLINE void reduce(const int (&in)[8], int (&out)[2]) {
  const uint32_t first = times(in[0], 1 << (kConstantBits + 2));
  const uint32_t odd = weigh_odd(in, kOfTwo);
  out[0] = descale<kShift + 2>(first + odd);
  out[1] = descale<kShift + 2>(first - odd);
}

template <int kSide>
void reduced_dct(const int16_t* coefficients, const uint16_t* table, uint8_t* out, int64_t pitch) {
  int rows[kSide][8];
  for (int x = 0; x < 8; ++x) {
    int column[8];
    for (int y = 0; y < 8; ++y) {
      column[y] = static_cast<int16_t>(times(coefficients[8 * y + x], table[8 * y + x]));
    }
    int reduced[kSide];
    reduce<kFirstShift>(column, reduced);
    for (int y = 0; y < kSide; ++y) rows[y][x] = reduced[y];
  }
  for (int y = 0; y < kSide; ++y) {
    int reduced[kSide];
    reduce<kSecondShift>(rows[y], reduced);
    for (int x = 0; x < kSide; ++x) {
      const int level = reduced[x] + 128;
      out[y * pitch + x] = static_cast<uint8_t>(level < 0 ? 0 : level > 255 ? 255 : level);
    }
  }
}
