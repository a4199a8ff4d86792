// The pixels of blocks that are made together, from a row of each channel. Rows of further channels
// lie apart bytes away, group is their number.

template <int kChannels, int kBlocks>
struct Gather {
  const Block<kChannels>* blocks;

  BSGROW_INLINE explicit Gather(const Block<kChannels>* all) : blocks(all) {}

  BSGROW_INLINE void operator()(const uint8_t* row, int64_t apart, int64_t group,
                                Integers* pixels) const {
    for (int b = 0; b < kBlocks; ++b) gather(blocks[b], row, apart, group, pixels[b]);
  }
};

#if defined(BSGROW_AVX2) && !defined(BSGROW_AVX512)

// Two blocks of three interleaved channels: 16 bytes are put together before they are spread to
// lanes, with two thirds of the loads and shuffles.
struct Pair {
  int64_t offset;
  __m128i choice[3];
};

// A choice of each block, counted from where that of the pair is counted from. What names no byte
// still names none: it saturates.
BSGROW_INLINE __m128i join(const Bits& first, int64_t first_shift, const Bits& second,
                           int64_t second_shift) {
  const Bits low = (first & 0xFF) + static_cast<uint32_t>(first_shift);
  const Bits high = (second & 0xFF) + static_cast<uint32_t>(second_shift);
  const __m256i words = _mm256_packus_epi32((__m256i)low, (__m256i)high);  // in each half
  const __m256i in_order = _mm256_permute4x64_epi64(words, 0xD8);
  return _mm_packus_epi16(_mm256_castsi256_si128(in_order), _mm256_extracti128_si256(in_order, 1));
}

BSGROW_INLINE void join(const Block<3>& first, const Block<3>& second, Pair& pair) {
  pair.offset = first.offset < second.offset ? first.offset : second.offset;
  for (int c = 0; c < 3; ++c) {
    pair.choice[c] = join(first.choice[c], first.offset - pair.offset, second.choice[c],
                          second.offset - pair.offset);
  }
}

template <>
struct Gather<3, kAbreast> {
  Pair pairs[kAbreast / 2];

  BSGROW_INLINE explicit Gather(const Block<3>* blocks) {
    for (int p = 0; p < kAbreast / 2; ++p) join(blocks[2 * p], blocks[2 * p + 1], pairs[p]);
  }

  BSGROW_INLINE void operator()(const uint8_t* row, int64_t apart, int64_t,
                                Integers* pixels) const {
    for (int p = 0; p < kAbreast / 2; ++p) {
      const uint8_t* const window = row + pairs[p].offset;
      __m128i bytes = _mm_setzero_si128();
      for (int c = 0; c < 3; ++c) {
        const __m128i from = _mm_loadu_si128(reinterpret_cast<const __m128i*>(window + c * apart));
        bytes = _mm_or_si128(bytes, _mm_shuffle_epi8(from, pairs[p].choice[c]));
      }
      pixels[2 * p] = (Integers)_mm256_cvtepu8_epi32(bytes);
      pixels[2 * p + 1] = (Integers)_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8));
    }
  }
};

#endif
