// Where the columns of a window come from: pad, crop, flip and interleave as one choice of bytes
// for each block, the same for all rows of an image.

BSGROW_INLINE int64_t mirrored(int64_t x, int64_t width) {
  const int64_t right = x < width ? x : 2 * (width - 1) - x;
  return x < 0 ? -x : right;
}

// The first of the bytes that a block chooses from, given the columns of the image that it shows;
// [low, high] may lie outside.
BSGROW_INLINE int64_t first_byte(const Layout& layout, int64_t low, int64_t high) {
  const int64_t width = layout.shape.width;
  int64_t first = low;
  if (layout.padding == Padding::kReflect) {
    const bool turns = low < 0 && high >= 0;  // at column 0, which it shows too
    const int64_t ends[2] = {mirrored(low, width), mirrored(high, width)};
    first = turns ? 0 : (ends[0] < ends[1] ? ends[0] : ends[1]);
  }
  const int64_t last = width > kWindowBytes ? width - kWindowBytes : 0;
  return first < 0 ? 0 : (first < last ? first : last);
}

// Columns of the image that a block shows; what lies in black margins becomes negative.
BSGROW_INLINE void show_columns(const Layout& layout, Integers& columns) {
  const auto last = static_cast<int32_t>(layout.shape.width - 1);
  if (layout.padding == Padding::kReflect) {
    columns = columns < 0 ? -columns : columns;
    columns = columns > last ? 2 * last - columns : columns;
  } else {
    columns = columns > last ? columns - columns - 1 : columns;
  }
}

// Blocks that choose from the same bytes.
void map_blocks(const Layout& layout, const Window& window, const Columns& out, int64_t block,
                int64_t num_blocks) {
  const int64_t start = block * kLanes;
  const int64_t group = layout.group();
  const int64_t sign = window.flipped ? -1 : 1;
  const int64_t shift =
      (window.flipped ? layout.shape.width - 1 : 0) + window.left - int64_t{layout.pad};
  const int64_t ends[2] = {sign * layout.columns[start] + shift,
                           sign * layout.columns[start + num_blocks * kLanes - 1] + shift};
  const int64_t first = first_byte(layout, ends[window.flipped], ends[!window.flipped]);
  uint32_t* const choices = out.choices + layout.choices_of(block) * kLanes;
  for (int64_t b = 0; b < num_blocks; ++b) {
    const int64_t lane = start + b * kLanes;
    Integers columns, channels;
    load(columns, layout.columns.data() + lane);
    load(channels, layout.channels.data() + lane);
    columns = columns * static_cast<int32_t>(sign) + static_cast<int32_t>(shift);
    show_columns(layout, columns);
    out.offsets[block + b] = static_cast<int32_t>(first);
    for (int64_t c = 0; c < group; ++c) {
      const Integers shown = (columns >= 0) & (channels == static_cast<int32_t>(c));
      const Bits choice = (Bits)(shown ? columns - static_cast<int32_t>(first) : shown - 1);
      uint32_t* const to = choices + (layout.packed() ? c : b * group + c) * kLanes;
      Bits all = Bits{} - 1;  // names none
      if (layout.packed() && b > 0) load(all, to);
      store(to, all ^ (~choice & 0xFFu) << (layout.packed() ? 8 * b : 0));
    }
  }
}

void map_columns(const Layout& layout, const Window& window, const Columns& out) {
  const int64_t together = !layout.paired ? 1 : layout.group() == 1 ? kFromOneWindow : kAbreast;
  for (int64_t block = 0; block < layout.num_blocks; block += together) {
    const int64_t left = layout.num_blocks - block;
    map_blocks(layout, window, out, block, left < together ? left : together);
  }
}

void map_hole(const Layout& layout, const Hole& hole, const Scratch& scratch, int64_t block) {
  Integers columns;
  load(columns, layout.columns.data() + block * kLanes);
  const Integers kept =
      (columns < static_cast<int32_t>(hole.left)) | (columns >= static_cast<int32_t>(hole.right));
  store(scratch.kept + block * kLanes, Integers{} - 1);
  store(scratch.kept + (layout.num_blocks + block) * kLanes, kept);
}

// Rows above and below the image: black ones lie elsewhere, as far from each image as it happens.
BSGROW_INLINE void map_black(const Layout& layout, const uint8_t* pixels, const Scratch& scratch) {
  if (!layout.has_black()) return;
  const int64_t from =
      reinterpret_cast<intptr_t>(layout.black.data()) - reinterpret_cast<intptr_t>(pixels);
  const int64_t below = layout.pad + layout.shape.height;
  for (int64_t y = 0; y < layout.pad; ++y) scratch.rows[y] = scratch.rows[below + y] = from;
}
