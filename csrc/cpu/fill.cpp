#include "bsgrow/fill.h"

#include <algorithm>
#include <cstring>

#include "bsgrow/thread_pool.h"
#include "cpu/kernels.h"

namespace bsgrow {

void fill(void* out, int64_t num_bytes, int64_t chunk_bytes, int num_threads) {
  const Kernels& kernels = best_kernels();
  const bool non_temporal = num_bytes > kNonTemporalBytes;
  const int64_t num_chunks = num_bytes / chunk_bytes + (num_bytes % chunk_bytes > 0);
  parallel_for(num_chunks, num_threads, [&](int64_t chunk, int) {
    char* const first = static_cast<char*>(out) + chunk * chunk_bytes;
    const int64_t count = std::min(chunk_bytes, num_bytes - chunk * chunk_bytes);
    if (non_temporal) {
      kernels.fill_non_temporal(first, kFilling, count);
    } else {
      std::memset(first, kFilling, count);
    }
  });
}

}  // namespace bsgrow
