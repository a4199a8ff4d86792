#pragma once

#include <cstdint>

#include "bsgrow/philox.h"

namespace bsgrow {

// A pseudo-random permutation of [0, num_samples) that needs no table: a Feistel network over the
// smallest power of two that holds the range, walked along its cycle until it is back inside
// (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002). The power of two is
// below 2 * num_samples, so a walk takes less than two steps on average.

constexpr int kFeistelRounds = 8;

struct Permutation {
  uint64_t num_samples;  // 1 to 2^32
  uint32_t right_bits;   // the wider half where the number of bits is odd
  uint32_t left_mask;
  uint32_t right_mask;
  uint32_t keys[kFeistelRounds];
};

BSGROW_HOST_DEVICE uint32_t bit_length(uint64_t value) {
#if defined(__CUDA_ARCH__)
  return 64 - __clzll(static_cast<long long>(value));  // each lane asks this, once an image
#else
  uint32_t bits = 0;
  while (value >> bits) ++bits;
  return bits;
#endif
}

// Wellons' lowbias32, the best known mix of two multiplications (hash-prospector).
BSGROW_HOST_DEVICE uint32_t mix(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7FEB352Du;
  x = (x ^ (x >> 15)) * 0x846CA68Bu;
  return x ^ (x >> 16);
}

BSGROW_HOST_DEVICE Permutation make_permutation(uint64_t num_samples, uint64_t seed,
                                                uint32_t epoch) {
  const uint32_t bits = bit_length(num_samples - 1);
  const uint32_t left_bits = bits / 2;
  Permutation p{
      num_samples, bits - left_bits, (1u << left_bits) - 1, (1u << (bits - left_bits)) - 1, {}};
  for (uint32_t block = 0; block < kFeistelRounds / 4; ++block) {
    const PhiloxBlock keys = draw(seed, block, epoch, Operation::kOrder);
    for (uint32_t word = 0; word < 4; ++word) p.keys[4 * block + word] = keys.words[word];
  }
  return p;
}

BSGROW_HOST_DEVICE uint32_t feistel(const Permutation& p, uint32_t x) {
  uint32_t left = x >> p.right_bits;
  uint32_t right = x & p.right_mask;
  for (int round = 0; round < kFeistelRounds; round += 2) {
    left ^= mix(right ^ p.keys[round]) & p.left_mask;
    right ^= mix(left ^ p.keys[round + 1]) & p.right_mask;
  }
  return (left << p.right_bits) | right;
}

BSGROW_HOST_DEVICE uint32_t permute(const Permutation& p, uint32_t offset) {
  uint32_t x = feistel(p, offset);
  while (x >= p.num_samples) x = feistel(p, x);
  return x;
}

}  // namespace bsgrow
