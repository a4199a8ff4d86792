#pragma once

#include <cstdint>

#include "bsgrow/load_batch.h"

namespace bsgrow {

// load_batch for a device: images, labels and outputs are in its memory, scale and bias in the
// host's.
struct DeviceLoadBatch {
  LoadBatch batch;
  const uint64_t* cursor;  // in device memory, or null: added to start and stop by the kernel, so
                           // that replays of a captured launch walk the stream
  bool gathered;           // image and label i are those of position start + i, already in order;
                           // they are augmented as the samples that they are
};

constexpr int64_t kMaxDeviceChannels = 256;  // scale and bias travel as arguments of the kernel

}  // namespace bsgrow
