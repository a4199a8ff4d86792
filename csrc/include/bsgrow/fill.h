#pragma once

#include <cstdint>

namespace bsgrow {

// What every byte becomes: not 0, as some processors (AMD's) move a cache line of zeros to memory
// at half the cost of one with data.
constexpr uint8_t kFilling = 0x3F;

// Sets num_bytes to kFilling in chunks, past the caches where load_batch would write so: what
// writing its output alone costs.
void fill(void* out, int64_t num_bytes, int64_t chunk_bytes, int num_threads);

}  // namespace bsgrow
