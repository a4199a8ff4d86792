// The pixels of blocks that are made together, from a row of each channel; rows of further channels
// lie apart bytes away. kChannels is how many channels a pixel has, where that is known, else 0.
template <int kChannels, int kBlocks>
struct Gather;

template <int kBlocks>
struct Gather<1, kBlocks> {
  static constexpr int kWindows = kBlocks > 1 ? kBlocks / kFromOneWindow : 1;
  int64_t offset[kWindows];
  Bits choice[kBlocks];

  BSGROW_INLINE Gather(const Layout&, const Columns& columns, int64_t index) {
    for (int w = 0; w < kWindows; ++w) {
      offset[w] = columns.offsets[index + w * (kBlocks / kWindows)];
    }
    for (int b = 0; b < kBlocks; ++b) load(choice[b], columns.choices + (index + b) * kLanes);
  }

  BSGROW_INLINE void operator()(const uint8_t* row, int64_t, Integers* pixels) const {
    for (int b = 0; b < kBlocks; ++b) {
      choose(row + offset[b * kWindows / kBlocks], choice[b], pixels[b]);
    }
  }
};

// Of three interleaved channels all blocks that are made together choose from one window, so that
// what a lane takes for each of them fits in its 32 bits: a channel is loaded and shuffled once.
template <int kBlocks>
struct Gather<3, kBlocks> {
  int64_t offset;
  Bits choice[3];

  BSGROW_INLINE Gather(const Layout&, const Columns& columns, int64_t index)
      : offset(columns.offsets[index]) {
    const uint32_t* const choices = columns.choices + index / kAbreast * 3 * kLanes;
    for (int c = 0; c < 3; ++c) load(choice[c], choices + c * kLanes);
  }

  BSGROW_INLINE void operator()(const uint8_t* row, int64_t apart, Integers* pixels) const {
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

// However many there are.
template <int kBlocks>
struct Gather<0, kBlocks> {
  static_assert(kBlocks == 1, "one block at a time");
  int64_t group;
  int64_t offset;
  const uint32_t* choices;

  BSGROW_INLINE Gather(const Layout& layout, const Columns& columns, int64_t index)
      : group(layout.group()),
        offset(columns.offsets[index]),
        choices(columns.choices + index * group * kLanes) {}

  BSGROW_INLINE void operator()(const uint8_t* row, int64_t apart, Integers* pixels) const {
    pixels[0] = Integers{};
    for (int64_t c = 0; c < group; ++c) {
      Bits choice;
      load(choice, choices + c * kLanes);
      Integers more;
      choose(row + c * apart + offset, choice, more);
      pixels[0] |= more;
    }
  }
};
