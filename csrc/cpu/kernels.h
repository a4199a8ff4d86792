#pragma once

#include "bsgrow/load_batch.h"
#include "cpu/rows.h"
#include "cpu/stage.h"
#include "cpu/taps.h"

namespace bsgrow {

// The vectorised inner loops, compiled once for each instruction set from cpu/isa/.
struct Kernels {
  const char* instruction_set;
  StageRows stage_rows;
  // Streamed stores are ordered with nothing else: this puts them before whatever follows. It waits
  // for them, so it is called once a chunk.
  void (*finish_streamed)();
  void (*zero_streamed)(void* out, int64_t num_bytes);  // to the last byte, however aligned
  Convert convert[3][2];                                // [dtype][planar]
  ResizeRow resize_row[2];                              // [planar]
  BlendRows blend_rows;
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

// The best ones that this machine runs, or those that BSGROW_INSTRUCTION_SET names.
const Kernels& best_kernels();

}  // namespace bsgrow
