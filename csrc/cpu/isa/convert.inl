// Gather, normalise and cast: a picture becomes a part of the batch, block by block.

#include "cpu/isa/gather.inl"

// Rows [first, first + count) of all planes, which are made at once.
template <typename Out>
struct Lines {
  int64_t first;
  int64_t count;
  const uint8_t* pixels;
  const int64_t* rows;  // where from there each row of the output lies
  Columns columns;
  const uint32_t* kept;
  Hole hole;
  Out* out;       // the first of them, of the first plane
  int64_t apart;  // elements from one plane to the next
};

// Scale and bias: of a plane in two registers for all blocks, of interleaved channels for each.
template <int kChannels, int kBlocks>
struct Affine {
  static constexpr int kNum = kChannels == 1 ? 1 : kBlocks;
  Floats scale[kNum];
  Floats bias[kNum];

  BSGROW_INLINE Affine(const Layout& layout, int64_t index, int64_t plane) {
    for (int b = 0; b < kNum; ++b) {
      if constexpr (kChannels == 1) {
        scale[b] = layout.scale[plane] - Floats{};  // in all lanes; -0 + 0 would be 0
        bias[b] = layout.bias[plane] - Floats{};
      } else {
        load(scale[b], layout.scale.data() + (index + b) * kLanes);
        load(bias[b], layout.bias.data() + (index + b) * kLanes);
      }
    }
  }
  BSGROW_INLINE const Floats& scale_of(int b) const { return scale[b % kNum]; }
  BSGROW_INLINE const Floats& bias_of(int b) const { return bias[b % kNum]; }
};

// Asks for the cache line that begins in the next kStep bytes, and goes on behind them.
template <int kStep>
BSGROW_INLINE void fetch(const uint8_t*& ahead) {
  static_assert(kStep <= kCacheLine, "at most one line");
  if ((-reinterpret_cast<uintptr_t>(ahead) & (kCacheLine - 1)) < kStep) {
    __builtin_prefetch(ahead + kStep - 1, 0, 2);
  }
  ahead += kStep;
}

// A black row lies in memory of its own, which only arithmetic on addresses reaches: GCC and Clang
// leave that alone where it goes through memory, as distances do.
BSGROW_INLINE const uint8_t* row_at(const uint8_t* plane, int64_t from) {
  return reinterpret_cast<const uint8_t*>(reinterpret_cast<intptr_t>(plane) + from);
}

// Makes kBlocks blocks of each line of a plane, and meanwhile fetches as many bytes of the next
// picture. A pair of blocks has one pointer to where it goes: the fewer numbers a row is made with,
// the more of them stay in registers.
template <bool kNonTemporal, bool kCut, int kChannels, int kBlocks, typename Out>
BSGROW_INLINE void make_blocks(const Layout& layout, const Lines<Out>& lines, int64_t index,
                               const Gather<kChannels, kBlocks>& gather,
                               const Affine<kChannels, kBlocks>& affine, const uint8_t* plane,
                               const uint8_t*& next, Out* out) {
  constexpr int kPairs = (kBlocks + 1) / 2;
  const int64_t apart = layout.plane_bytes();
  const int64_t row_elements = layout.row_elements();
  const int64_t kept_elements = layout.num_blocks * kLanes;
  const uint32_t* const all_kept = lines.kept + index * kLanes;
  const int64_t* const rows = lines.rows;
  const Hole hole = lines.hole;
  Out* to[kPairs];
  for (int p = 0; p < kPairs; ++p) to[p] = out + layout.starts[index + 2 * p];
  const auto make_row = [&](int64_t y, int64_t further) BSGROW_INLINE_LAMBDA {
    Integers pixels[kBlocks];
    gather(row_at(plane, rows[y]), apart, pixels);
    Floats values[kBlocks];
    for (int b = 0; b < kBlocks; ++b) {
      const Floats numbers = __builtin_convertvector(pixels[b], Floats);
      normalise(out, numbers, affine.scale_of(b), affine.bias_of(b), values[b]);
      if constexpr (kCut) {
        const int64_t in_hole = y >= hole.top && y < hole.bottom;
        Bits kept;
        load(kept, all_kept + b * kLanes + in_hole * kept_elements);
        values[b] = (Floats)((Bits)values[b] & kept);
      }
    }
    if constexpr (kBlocks == 1) put_rounded<kNonTemporal>(to[0] + further, values[0]);
    for (int b = 0; b + 1 < kBlocks; b += 2) {
      put_two<kNonTemporal>(to[b / 2] + further, values[b], values[b + 1]);
    }
  };
  const int64_t stop = lines.first + lines.count;
  const uint8_t* ahead = next;
  int64_t y = lines.first;
  for (; y + 2 <= stop; y += 2) {  // what a loop costs is a third of a row, and half of it in twos
    fetch<2 * kBlocks * kLanes>(ahead);
    make_row(y, 0);
    make_row(y + 1, row_elements);
    for (int p = 0; p < kPairs; ++p) to[p] += 2 * row_elements;
  }
  if (y < stop) {
    fetch<kBlocks * kLanes>(ahead);
    make_row(y, 0);
  }
  next = ahead;
}

// The same of all planes: what blocks choose is loaded once.
template <bool kNonTemporal, bool kCut, int kChannels, int kBlocks, typename Out>
BSGROW_INLINE void make_planes(const Layout& layout, const Lines<Out>& lines, int64_t index,
                               const uint8_t*& next) {
  const Gather<kChannels, kBlocks> gather(layout, lines.columns, index);
  const int64_t num_planes = layout.num_planes();
  for (int64_t plane = 0; plane < num_planes; ++plane) {
    const Affine<kChannels, kBlocks> affine(layout, index, plane);
    make_blocks<kNonTemporal, kCut>(layout, lines, index, gather, affine,
                                    lines.pixels + plane * layout.plane_bytes(), next,
                                    lines.out + plane * lines.apart);
  }
}

template <bool kNonTemporal, bool kCut, int kChannels, typename Out>
void make_lines(const Layout& layout, const Lines<Out>& lines, const uint8_t*& next) {
  const int64_t num_blocks = layout.num_blocks;
  int64_t block = 0;
  if constexpr (kChannels > 0) {
    const int64_t stop = layout.paired ? num_blocks : 0;
    for (; block + kAbreast <= stop; block += kAbreast) {
      make_planes<kNonTemporal, kCut, kChannels, kAbreast>(layout, lines, block, next);
    }
    for (; block + 2 <= stop; block += 2) {
      make_planes<kNonTemporal, kCut, kChannels, 2>(layout, lines, block, next);
    }
  }
  if constexpr (kChannels < 3) {
    for (; block < num_blocks; ++block) {
      make_planes<kNonTemporal, kCut, kChannels, 1>(layout, lines, block, next);
    }
  }
}

template <int kChannels, typename Out>
BSGROW_INLINE void make_any_lines(const Layout& layout, const Lines<Out>& lines,
                                  const uint8_t*& next) {
  if (layout.direct && layout.non_temporal) {
    if (layout.cut) return make_lines<true, true, kChannels>(layout, lines, next);
    return make_lines<true, false, kChannels>(layout, lines, next);
  }
  if (layout.cut) return make_lines<false, true, kChannels>(layout, lines, next);
  return make_lines<false, false, kChannels>(layout, lines, next);
}

// Copies lines from where they were made, whole planes as one.
template <typename Out>
BSGROW_INLINE void copy_lines(const Layout& layout, const Scratch& scratch, const Lines<Out>& lines,
                              Out* out) {
  const bool whole = lines.count == layout.shape.height;
  const int64_t num_pieces = whole ? 1 : layout.num_planes();
  const int64_t num_bytes = lines.count * layout.row_bytes() * (layout.num_planes() / num_pieces);
  for (int64_t i = 0; i < num_pieces; ++i) {
    const char* const from = scratch.band + i * num_bytes;
    Out* const to = out + i * layout.plane_elements();
    if (layout.non_temporal) {
      copy_non_temporal(to, from, num_bytes);
    } else {
      memcpy(to, from, num_bytes);
    }
  }
}

template <int kChannels, typename Out>
void load_image(const Layout& layout, const Picture& picture, const Scratch& scratch, void* image) {
  map_black(layout, picture.pixels, scratch);
  for (int64_t block = 0; layout.cut && block < layout.num_blocks; ++block) {
    map_hole(layout, picture.hole, scratch, block);
  }
  const int64_t height = layout.shape.height;
  const uint8_t* next = picture.next;
  Out* out = static_cast<Out*>(image);
  Lines<Out> lines;
  lines.pixels = picture.pixels;
  lines.rows = scratch.rows + picture.top;
  lines.columns = picture.columns;
  lines.kept = scratch.kept;
  lines.hole = picture.hole;
  for (lines.first = 0; lines.first < height; lines.first += lines.count) {
    const int64_t left = height - lines.first;
    lines.count = left < layout.band_rows ? left : layout.band_rows;
    const int64_t num_elements = lines.count * layout.row_elements();
    lines.out = layout.direct ? out : reinterpret_cast<Out*>(scratch.band);
    lines.apart = layout.direct ? layout.plane_elements() : num_elements;
    make_any_lines<kChannels>(layout, lines, next);
    if (!layout.direct) copy_lines(layout, scratch, lines, out);
    out += num_elements;
  }
}
