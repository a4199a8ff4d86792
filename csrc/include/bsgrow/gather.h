#pragma once

#include <cstdint>

#include "bsgrow/order.h"
#include "bsgrow/thread_pool.h"

namespace bsgrow {

// Samples in the order of the stream, as they are: what is copied to a device that augments them.
struct Gather {
  SampleStream stream;
  uint64_t start;  // positions [start, stop) of the stream
  uint64_t stop;
  int64_t image_bytes;
  const uint8_t* images;  // [num_samples, image_bytes]
  const int64_t* labels;  // [num_samples]
  uint8_t* out_images;    // [stop - start, image_bytes]
  int64_t* out_labels;    // [stop - start]
};

// The arrays must live as long as the chunks are worked on.
Chunks gather_chunks(const Gather& gather);

}  // namespace bsgrow
