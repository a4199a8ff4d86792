#pragma once

#include <cstdint>

namespace bsgrow {

// Zeroes num_bytes in chunks, past the caches where load_batch would write so: what writing its
// output alone costs.
void fill(void* out, int64_t num_bytes, int64_t chunk_bytes, int num_threads);

}  // namespace bsgrow
