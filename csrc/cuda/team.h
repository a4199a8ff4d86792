#pragma once

#include <cstdint>

#include "bsgrow/host_device.h"
#include "cuda/arguments.h"

// A kernel is written as phases: each is done by all lanes of a warp, and sees all that the phase
// before it wrote. On the device a phase runs once in each lane and ends with a barrier of the
// warp; on the host one loop runs it for all lanes, so that the same source is tested without a
// device.

namespace bsgrow::cuda {

struct Warp {
  template <typename Phase>
  BSGROW_HOST_DEVICE void each(const Phase& phase) const {
#if defined(__CUDA_ARCH__)
    phase(threadIdx.x % kLanes);
    __syncwarp();
#else
    static_cast<void>(phase);  // nvcc reads device code for the host, too
#endif
  }
};

// Lanes in either order: what depends on it lacks a barrier.
struct HostWarp {
  bool backwards;

  template <typename Phase>
  void each(const Phase& phase) const {
    for (uint32_t i = 0; i < kLanes; ++i) phase(backwards ? kLanes - 1 - i : i);
  }
};

}  // namespace bsgrow::cuda
