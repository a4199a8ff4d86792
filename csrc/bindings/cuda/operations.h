#pragma once

#include <pybind11/pybind11.h>

#include "bindings/batch_arguments.h"
#include "bindings/cuda/device_array.h"

namespace bsgrow {

// Check and dispatch for devices: Python arguments in, kernels launched with the GIL released.
// bsgrow/_native_cuda.pyi documents the arguments under the same names.

struct DeviceArguments {
  pybind11::handle num_samples;  // None, or where images are gathered: samples of the whole set
  pybind11::handle cursor;       // None, or one number in device memory
  pybind11::handle cuda_stream;  // a cudaStream_t as an integer
};

void check_and_load_batch(const LoadBatchArguments& arguments, const DeviceArguments& device);

void check_and_advance_cursor(pybind11::handle cursor, pybind11::handle count,
                              pybind11::handle cuda_stream);

DeviceArray check_device_array(pybind11::handle array, pybind11::handle cuda_stream);

}  // namespace bsgrow
