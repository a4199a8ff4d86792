#include "cpu/layout.h"

#include <algorithm>

namespace bsgrow {
namespace {

constexpr int64_t kBandBytes = 16384;        // stays in L1
constexpr int64_t kDirectBandBytes = 32768;  // enough rows to be worth setting up a block for

// Whether all that is written at once is whole cache lines. A line that is written so in two steps,
// with others between, goes to memory twice, each time as parts of a line.
bool fills_lines(const Layout& layout, const void* out) {
  const int64_t together = layout.abreast * layout.lanes;
  const bool all = layout.paired && layout.row_elements() % together == 0;
  const int64_t step = (all ? together : layout.lanes) * layout.item_bytes;
  const auto address = reinterpret_cast<uintptr_t>(out);
  return step % kCacheLine == 0 && layout.row_bytes() % kCacheLine == 0 &&
         address % kCacheLine == 0;
}

// Cuts rows into blocks, or pairs of them; the last is shifted back to end with the row.
void cut_rows(Layout& layout) {
  const int64_t elements = layout.row_elements();
  layout.paired = (layout.group() == 1 || layout.group() == 3) && elements >= 2 * layout.lanes;
  const int64_t together = layout.paired ? 2 : 1;
  const int64_t size = together * layout.lanes;
  layout.num_blocks = (elements + size - 1) / size * together;
  for (int64_t start = 0; start < elements; start += size) {
    const int64_t first = std::max<int64_t>(0, std::min(start, elements - size));
    for (int64_t i = 0; i < together; ++i) layout.starts.push_back(first + i * layout.lanes);
  }
}

// Which element of a row a lane of a block makes; one past its end where there is none.
int64_t element(const Layout& layout, int64_t block, int64_t lane) {
  if (!layout.alternating) return layout.starts[block] + lane;
  return layout.starts[block - block % 2] + 2 * lane + block % 2;
}

void map_lanes(Layout& layout) {
  const int64_t group = layout.group();
  for (int64_t i = 0; i < layout.num_blocks * layout.lanes; ++i) {
    const int64_t at = element(layout, i / layout.lanes, i % layout.lanes);
    const bool exists = at < layout.row_elements();
    layout.columns.push_back(exists ? static_cast<int32_t>(at / group) : 0);
    layout.channels.push_back(exists ? static_cast<int32_t>(at % group) : 0);
  }
}

// Scale or bias as blocks take them.
std::vector<float> spread(const Layout& layout, const float* values) {
  if (!layout.interleaved) return {values, values + layout.shape.channels};
  std::vector<float> spread;
  for (const int32_t channel : layout.channels) spread.push_back(values[channel]);
  return spread;
}

void map_rows(Layout& layout) {
  const int64_t height = layout.shape.height;
  for (int64_t y = -layout.pad; y < height + layout.pad; ++y) {
    const int64_t mirrored = y < 0 ? -y : y < height ? y : 2 * (height - 1) - y;
    layout.rows.push_back(mirrored * layout.shape.width);
  }
}

// A row of zeros where each plane has the one that is asked for; what lies between is not read.
int64_t black_bytes(const Layout& layout) {
  const int64_t last_plane = (layout.shape.channels - 1) * layout.plane_bytes();
  return last_plane + layout.shape.width + kWindowBytes;
}

// Rows of so many planes that fit, one at least.
int64_t fitting_rows(const Layout& layout, int64_t num_planes, int64_t num_bytes) {
  return std::max<int64_t>(1, num_bytes / (num_planes * layout.row_bytes()));
}

// Where the next memory begins that is aligned to a cache line.
template <typename Item>
void take(Item*& items, int64_t count, uintptr_t& memory) {
  items = reinterpret_cast<Item*>(memory);
  memory += (count * sizeof(Item) + kCacheLine - 1) / kCacheLine * kCacheLine;
}

void take(Columns& columns, const Layout& layout, uintptr_t& memory) {
  take(columns.offsets, layout.num_blocks, memory);
  const int64_t end = layout.num_blocks + (layout.packed() ? layout.abreast - 1 : 0);
  take(columns.choices, layout.choices_of(end) * layout.lanes, memory);
}

Scratch divide(const Layout& layout, uintptr_t& memory) {
  const int64_t lanes = layout.num_blocks * layout.lanes;
  Scratch scratch;
  take(scratch.rows, layout.rows.size(), memory);
  take(scratch.columns, layout, memory);
  take(scratch.kept, layout.cut ? 2 * lanes : 0, memory);
  const int64_t band = layout.direct ? 0 : layout.band_bytes() + 2 * kCacheLine;
  take(scratch.band, band, memory);
  take(scratch.copy, layout.overread() ? layout.image_bytes() + layout.overread() : 0, memory);
  return scratch;
}

}  // namespace

Layout make_layout(const LoadBatch& batch, const float* bias, const BlockKind& kind) {
  const bool interleaved = batch.channels_last && batch.shape.channels > 1;
  Layout layout{};
  layout.shape = batch.shape;
  layout.pad = batch.augment.pad;
  layout.padding = batch.augment.padding;
  layout.interleaved = interleaved;
  layout.cut = batch.augment.cutout > 0;
  layout.lanes = kind.lanes;
  layout.abreast = kind.abreast;
  cut_rows(layout);
  layout.alternating =
      layout.paired && kind.alternating_bfloat16 && batch.dtype == DType::kBFloat16;
  layout.item_bytes = item_size(batch.dtype);
  const auto num_images = static_cast<int64_t>(batch.stop - batch.start);
  layout.non_temporal = num_images > kNonTemporalBytes / layout.out_bytes();
  layout.direct = layout.non_temporal ? fills_lines(layout, batch.out_images)
                                      : layout.row_elements() >= kind.lanes;
  layout.band_rows = layout.direct ? fitting_rows(layout, 1, kDirectBandBytes)
                                   : fitting_rows(layout, layout.num_planes(), kBandBytes);
  map_lanes(layout);
  map_rows(layout);
  layout.scale = spread(layout, batch.scale);
  layout.bias = spread(layout, bias);
  if (layout.has_black()) layout.black.resize(black_bytes(layout));
  return layout;
}

int64_t columns_bytes(const Layout& layout) {
  Columns columns;
  uintptr_t end = 0;
  take(columns, layout, end);
  return static_cast<int64_t>(end);
}

Columns make_columns(const Layout& layout, void* memory) {
  Columns columns;
  auto next = reinterpret_cast<uintptr_t>(memory);
  take(columns, layout, next);
  return columns;
}

int64_t scratch_bytes(const Layout& layout) {
  uintptr_t end = 0;
  divide(layout, end);
  return static_cast<int64_t>(end);
}

Scratch make_scratch(const Layout& layout, void* memory) {
  auto next = reinterpret_cast<uintptr_t>(memory);
  const Scratch scratch = divide(layout, next);
  std::copy(layout.rows.begin(), layout.rows.end(), scratch.rows);
  return scratch;
}

}  // namespace bsgrow
