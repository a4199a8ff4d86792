#pragma once

#include <cstdint>
#include <functional>

namespace bsgrow {

// What a thread does with one chunk; slot in [0, num_threads) is the thread's own for the whole
// call, so that it can index scratch memory. Must not throw.
using ChunkBody = std::function<void(int64_t chunk, int slot)>;

// Work cut into chunks that any thread may take in any order. A chunk may be done twice, with the
// same result. The body owns whatever it needs beyond the buffers of the caller.
struct Chunks {
  int64_t count;
  ChunkBody body;
};

// Runs body for every chunk in [0, num_chunks) on num_threads threads, the caller's among them, and
// returns when all are done. Threads persist between calls; several callers may run at once; a
// forked child makes its own.
void parallel_for(int64_t num_chunks, int num_threads, const ChunkBody& body);

}  // namespace bsgrow
