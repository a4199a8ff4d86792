// The pixels of blocks that are made together, from a row of each channel. Rows of further channels
// lie apart bytes away, group is their number.

template <int kChannels, int kBlocks>
struct Gather {
  const Block<kChannels>* blocks;

  BSGROW_INLINE explicit Gather(const Block<kChannels>* all) : blocks(all) {}

  BSGROW_INLINE void operator()(const uint8_t* row, int64_t apart, int64_t group,
                                Integers* pixels) const {
    for (int b = 0; b < kBlocks; ++b) {
      const int64_t offset = blocks[kBlocks > 1 ? b - b % kFromOneWindow : b].offset;
      gather(blocks[b], row + offset, apart, group, pixels[b]);
    }
  }
};

#if defined(BSGROW_AVX2) && !defined(BSGROW_AVX512)

// Two blocks of three interleaved channels: 16 bytes are put together before they are spread to
// lanes, with two thirds of the loads and shuffles.
struct Pair {
  int64_t offset;
  __m128i choice[3];
};

// The choices of both blocks.
BSGROW_INLINE __m128i join(const Bits& first, const Bits& second) {
  const __m256i low = (__m256i)(first & 0xFF);
  const __m256i words = _mm256_packus_epi32(low, (__m256i)(second & 0xFF));  // in each half
  const __m256i in_order = _mm256_permute4x64_epi64(words, 0xD8);
  return _mm_packus_epi16(_mm256_castsi256_si128(in_order), _mm256_extracti128_si256(in_order, 1));
}

template <>
struct Gather<3, kAbreast> {
  Pair pairs[kAbreast / 2];

  BSGROW_INLINE explicit Gather(const Block<3>* blocks) {
    for (int p = 0; p < kAbreast / 2; ++p) {
      const Block<3>* const pair = blocks + 2 * p;
      pairs[p].offset = pair->offset;
      for (int c = 0; c < 3; ++c) pairs[p].choice[c] = join(pair[0].choice[c], pair[1].choice[c]);
    }
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
