#pragma once

#include "cpu/draws.h"
#include "cpu/layout.h"
#include "cpu/norm_samples.h"
#include "cpu/rows.h"
#include "cpu/samples.h"
#include "cpu/taps.h"

namespace bsgrow {

// The vectorised inner loops, compiled once for each instruction set from cpu/isa/.
struct Kernels {
  const char* instruction_set;
  BlockKind blocks;
  PermuteChunk permute_chunk;
  DrawChunk draw_chunk;
  // Non-temporal stores are ordered with nothing else: this puts them before whatever follows. It
  // waits for them, so it is called once a chunk.
  void (*finish_non_temporal)();
  void (*fill_non_temporal)(void* out, uint8_t byte, int64_t num_bytes);  // all, however aligned
  MapColumns map_columns;
  LoadImage load_image[3][3];                          // [dtype][any group, 1, packed]
  LoadImage load_quickly[2][3];                        // [float16, bfloat16], by a shortcut
  bool (*find_shortcut[2])(float scale, float& bias);  // whether it serves, and with which bias
  ResizeRows resize_rows[2];                           // [planar]
  BlendRows blend_rows;
  InverseDct inverse_dct[4];  // [log2 of the reduction], none to a single sample
  UpsampleRow upsample_row;
  ToRgb to_rgb;
  NormaliseRows normalise_rows[3][2];  // [dtype][planar]
  AddMoments add_moments[2][2];        // [backward][by rows of channels]
  WriteLine write_line[2][2];
};

namespace baseline {
extern const Kernels kKernels;
}
namespace avx2 {
extern const Kernels kKernels;
}
namespace avx512 {
extern const Kernels kKernels;
}
namespace avx512bf16 {
extern const Kernels kKernels;
}

// The best ones that this machine runs, or those that BSGROW_INSTRUCTION_SET names.
const Kernels& best_kernels();

}  // namespace bsgrow
