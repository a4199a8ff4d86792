#pragma once

#include <cuda_runtime_api.h>
#include <pybind11/pybind11.h>

#include <memory>
#include <string>

#include "bindings/arguments.h"

namespace bsgrow {

// An array in the memory of a CUDA device, and what keeps it alive.
struct DeviceArray {
  pybind11::buffer_info info;
  int device;
  std::shared_ptr<void> owner;
};

// Takes an array by DLPack, or by __cuda_array_interface__ where it lacks that; in both, what its
// producer has yet to write comes before what stream does next.
DeviceArray import_device_array(pybind11::handle value, const char* name, cudaStream_t stream);

// The same by __cuda_array_interface__ (version 3) alone.
DeviceArray import_cuda_array(pybind11::handle value, const char* name, cudaStream_t stream);

// The same memory, seen again.
DeviceArray share(const DeviceArray& array);

// Takes arguments for a launch on a stream, and sees to it that all are on one device.
class DeviceImport {
 public:
  explicit DeviceImport(cudaStream_t stream) : stream_(stream) {}

  Array operator()(pybind11::handle value, const char* name, const ArrayType& type);

  // Of the arguments; -1 before the first.
  int device() const { return device_; }

 private:
  cudaStream_t stream_;
  int device_ = -1;
  std::string first_name_;
};

}  // namespace bsgrow
