#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <vector>

#include "bsgrow/device_load_batch.h"

namespace bsgrow {

// As load_batch on the CPU, and the same bits: one launch on a CUDA stream of the current device,
// no synchronisation, nothing allocated. The arguments are not checked here.
cudaError_t load_batch(const DeviceLoadBatch& batch, cudaStream_t cuda_stream);

// Adds count to a cursor, after what the CUDA stream did before.
cudaError_t advance_cursor(uint64_t* cursor, uint64_t count, cudaStream_t cuda_stream);

// Compute capabilities that there is machine code for, ten times each: 90 is an H100's.
std::vector<int> built_architectures();

}  // namespace bsgrow
