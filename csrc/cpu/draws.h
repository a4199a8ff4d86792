#pragma once

#include "bsgrow/augment.h"
#include "bsgrow/feistel.h"
#include "bsgrow/load_batch.h"

namespace bsgrow {

// Images that a thread takes at a time: small enough to share out evenly, and what is drawn for
// them stays in L1.
constexpr int64_t kChunk = 32;

// What is drawn for a chunk, one array a number: the form in which loops become vector code.
struct Draws {
  uint32_t samples[kChunk + 2];  // two more, which are only asked for in advance
  uint32_t epochs[kChunk];
  uint32_t top[kChunk];
  uint32_t left[kChunk];
  uint32_t flipped[kChunk];
  Hole holes[kChunk];
};

// Writes the samples at offsets [offset, offset + kChunk) of an epoch; past its end, any sample.
using PermuteChunk = void (*)(const Permutation& permutation, uint32_t offset, uint32_t* samples);

// Draws window and hole for each of the samples.
using DrawChunk = void (*)(const Augment& augment, const ImageShape& shape, uint64_t seed,
                           Draws& draws);

}  // namespace bsgrow
