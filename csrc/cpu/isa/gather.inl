// The pixels of blocks that are made together, from a row of each channel. Rows of further channels
// lie apart bytes away, group is their number.

template <int kChannels, int kBlocks>
struct Gather {
  static constexpr int kShared = kBlocks > 1 ? kFromOneWindow : 1;
  const Block<kChannels>* blocks;

  BSGROW_INLINE explicit Gather(const Block<kChannels>* all) : blocks(all) {}

  BSGROW_INLINE void operator()(const uint8_t* row, int64_t apart, int64_t group,
                                Integers* pixels) const {
    for (int b = 0; b < kBlocks; ++b) {
      gather(blocks[b], row + blocks[b - b % kShared].offset, apart, group, pixels[b]);
    }
  }
};

// Of three interleaved channels all blocks choose from one window, so that what a lane takes for
// each of them fits in its 32 bits: a channel is loaded and shuffled once.
template <int kBlocks>
struct Gather<3, kBlocks> {
  static_assert(kBlocks <= 4, "a byte each");
  int64_t offset;
  Bits choice[3];

  BSGROW_INLINE explicit Gather(const Block<3>* blocks) : offset(blocks->offset) {
    for (int c = 0; c < 3; ++c) {
      choice[c] = Bits{};
      for (int b = 0; b < kBlocks; ++b) choice[c] |= (blocks[b].choice[c] & 0xFFu) << 8 * b;
    }
  }

  BSGROW_INLINE void operator()(const uint8_t* row, int64_t apart, int64_t,
                                Integers* pixels) const {
    Bits bytes = Bits{};
    for (int c = 0; c < 3; ++c) {
      Bits more;
      choose_bytes(row + c * apart + offset, choice[c], more);
      bytes |= more;
    }
    for (int b = 0; b < kBlocks; ++b) {
      const Bits lowest = bytes >> 8 * b;
      pixels[b] = (Integers)(b < 3 ? lowest & 0xFFu : lowest);
    }
  }
};
