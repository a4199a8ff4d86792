#pragma once

#include <cstdint>
#include <vector>

#include "bsgrow/load_batch.h"
#include "cpu/rows.h"

namespace bsgrow {

// A block of an output row takes its bytes from so many consecutive ones of a source row.
constexpr int64_t kWindowBytes = 16;

constexpr int64_t kCacheLine = 64;

inline char* align(char* memory) {
  return memory + (-reinterpret_cast<uintptr_t>(memory) & (kCacheLine - 1));
}

// How an instruction set makes rows.
struct BlockKind {
  int64_t lanes;              // elements of a block
  int64_t abreast;            // blocks that are made together, of one or three channels a pixel
  bool alternating_bfloat16;  // two blocks of bfloat16 become one vector, element by element
};

// How images become output: the same for all of a call.
struct Layout {
  ImageShape shape;
  int64_t pad;
  Padding padding;
  bool interleaved;    // channels_last, with more than one channel
  int64_t lanes;       // elements of a block
  bool paired;         // blocks lie side by side in pairs, one or more of which are made together
  bool alternating;    // of a pair, one has the even elements and the other the odd ones
  int64_t abreast;     // blocks of a row that are made together, where they are paired
  int64_t num_blocks;  // of a row
  int64_t item_bytes;
  bool non_temporal;  // written past the caches
  bool direct;        // blocks are stored where they belong; else rows are copied there
  int64_t band_rows;  // rows of each plane that are made before the next ones are begun

  std::vector<int64_t> starts;    // of each block in its row, were it not alternating: [num_blocks]
  std::vector<int32_t> columns;   // of the pixel that each lane of a block belongs to,
  std::vector<int32_t> channels;  // and its channel: [num_blocks * lanes]
  std::vector<float> scale;       // one a channel, or where they are interleaved one for each lane
  std::vector<float> bias;
  std::vector<int64_t> rows;   // [height + 2 pad]: where in a plane each row of the padded image
                               // lies, those that are black aside
  std::vector<uint8_t> black;  // such a row, of all planes
  bool cut;                    // pictures have holes

  int64_t group() const { return interleaved ? shape.channels : 1; }  // elements of a pixel
  // Whether blocks that are made together share their vectors of choices, a byte of a lane each.
  bool packed() const { return paired && group() == 3; }
  int64_t choices_of(int64_t block) const {  // the first of its vectors
    return packed() ? block / abreast * group() : block * group();
  }
  bool has_black() const { return padding == Padding::kZero && pad > 0; }
  int64_t num_planes() const { return interleaved ? 1 : shape.channels; }
  int64_t row_elements() const { return shape.width * group(); }
  int64_t row_bytes() const { return row_elements() * item_bytes; }
  int64_t plane_elements() const { return shape.height * row_elements(); }
  int64_t plane_bytes() const { return shape.height * shape.width; }  // of the source
  int64_t band_bytes() const { return num_planes() * band_rows * row_bytes(); }
  int64_t image_bytes() const { return shape.channels * plane_bytes(); }
  int64_t out_bytes() const { return image_bytes() * item_bytes; }
  // A block reads past the end of a row that is shorter than what it chooses from.
  int64_t overread() const { return shape.width < kWindowBytes ? kWindowBytes - 1 : 0; }
};

// bias takes the place of the batch's.
Layout make_layout(const LoadBatch& batch, const float* bias, const BlockKind& kind);

// Which bytes of a source row the blocks of an output row choose: the same for all rows of an
// image, and for all images whose window begins at the same column and is mirrored or not.
struct Columns {
  int32_t* offsets;   // [num_blocks]: where in a source row each block's bytes begin
  uint32_t* choices;  // [num_blocks, group, lanes]: which byte goes to each lane; where packed,
                      // [num_blocks / abreast, group, lanes]: those that go to a lane, a byte each
};

// One image on its way into the batch.
struct Picture {
  const uint8_t* pixels;  // [channels, height, width]
  const uint8_t* next;    // the image after it, fetched meanwhile
  uint32_t top;           // of the window in the padded image
  Columns columns;
  Hole hole;
};

// The memory in which a thread makes its images.
struct Scratch {
  int64_t* rows;    // [height + 2 pad]: where each row of the padded image lies from its pixels
  Columns columns;  // where those of a window are not at hand
  uint32_t* kept;   // [2, num_blocks, lanes]: all ones; the same but for the hole's columns
  char* band;       // rows that are not direct
  uint8_t* copy;    // of one of the last images, where rows are read past their end
};

int64_t scratch_bytes(const Layout& layout);
Scratch make_scratch(const Layout& layout, void* memory);  // with the rows that are not black

// How much memory Columns take, and their place in it.
int64_t columns_bytes(const Layout& layout);
Columns make_columns(const Layout& layout, void* memory);

using MapColumns = void (*)(const Layout& layout, const Window& window, const Columns& columns);
using LoadImage = void (*)(const Layout& layout, const Picture& picture, const Scratch& scratch,
                           void* out);

}  // namespace bsgrow
