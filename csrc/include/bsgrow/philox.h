#pragma once

#include <cstdint>

#include "bsgrow/host_device.h"

namespace bsgrow {

// Philox4x32-10, a counter-based generator: no state, one block of 128 random bits a counter.
// Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 4.3.

struct PhiloxBlock {
  uint32_t words[4];
};

struct PhiloxKey {
  uint32_t words[2];
};

// What a block is drawn for: the third word of the counter.
enum class Operation : uint32_t {
  kOrder = 0,
  kCrop = 1,
  kFlip = 2,
  kCutout = 3,
  kResizedCrop = 16  // and one for each further attempt
};

BSGROW_HOST_DEVICE Operation resized_crop_operation(uint32_t attempt) {
  return static_cast<Operation>(static_cast<uint32_t>(Operation::kResizedCrop) + attempt);
}

BSGROW_HOST_DEVICE uint32_t multiply_high(uint32_t a, uint32_t b) {
  return static_cast<uint32_t>((static_cast<uint64_t>(a) * b) >> 32);
}

BSGROW_HOST_DEVICE PhiloxBlock philox_round(PhiloxBlock x, PhiloxKey key) {
  constexpr uint32_t kMultiplier0 = 0xD2511F53u;
  constexpr uint32_t kMultiplier1 = 0xCD9E8D57u;
  return {{multiply_high(kMultiplier1, x.words[2]) ^ x.words[1] ^ key.words[0],
           kMultiplier1 * x.words[2],
           multiply_high(kMultiplier0, x.words[0]) ^ x.words[3] ^ key.words[1],
           kMultiplier0 * x.words[0]}};
}

BSGROW_HOST_DEVICE PhiloxBlock philox4x32_10(PhiloxBlock counter, PhiloxKey key) {
  constexpr uint32_t kWeyl0 = 0x9E3779B9u;  // golden ratio
  constexpr uint32_t kWeyl1 = 0xBB67AE85u;  // sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    counter = philox_round(counter, key);
    key = {{key.words[0] + kWeyl0, key.words[1] + kWeyl1}};
  }
  return counter;
}

// The stream's convention: key = seed, counter = (index, epoch, operation, 0).
BSGROW_HOST_DEVICE PhiloxBlock draw(uint64_t seed, uint32_t index, uint32_t epoch,
                                    Operation operation) {
  const PhiloxKey key{{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}};
  return philox4x32_10({{index, epoch, static_cast<uint32_t>(operation), 0}}, key);
}

}  // namespace bsgrow
