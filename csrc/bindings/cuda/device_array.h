#pragma once

#include <cuda_runtime_api.h>
#include <pybind11/pybind11.h>

#include <memory>
#include <string>

#include "bindings/arguments.h"

namespace bsgrow {

constexpr const char* kCapsule = "dltensor";  // names of capsules until their tensor is taken
constexpr const char* kVersionedCapsule = "dltensor_versioned";
constexpr int kNoDevice = -1;

// An array in the memory of a CUDA device, and what keeps it alive.
struct DeviceArray {
  pybind11::buffer_info info;
  int device;  // kNoDevice where it is empty and lies nowhere
  std::shared_ptr<void> owner;
};

// Takes an array by DLPack, or by __cuda_array_interface__ where it lacks that; in both, what its
// producer has yet to write comes before what cuda_stream does next. Errors name the argument,
// those of the producer too.
DeviceArray import_device_array(pybind11::handle value, const char* name, cudaStream_t cuda_stream);

// The same by DLPack alone, and by __cuda_array_interface__ (version 3) alone.
DeviceArray import_dlpack(pybind11::handle value, const char* name, cudaStream_t cuda_stream);
DeviceArray import_cuda_array(pybind11::handle value, const char* name, cudaStream_t cuda_stream);

// Whether it is a DLPack capsule that nobody has taken yet.
bool is_capsule(pybind11::handle value);

// The array of such a capsule; nothing is known of a CUDA stream, so that nothing is waited for.
DeviceArray take_capsule(pybind11::handle capsule, const char* name);

// The same memory, seen again.
DeviceArray share(const DeviceArray& array);

// Takes arguments for a launch on a CUDA stream, and sees to it that all are on one device.
class DeviceImport {
 public:
  explicit DeviceImport(cudaStream_t cuda_stream) : cuda_stream_(cuda_stream) {}

  Array operator()(pybind11::handle value, const char* name, const ArrayType& type);

  // Of the arguments; kNoDevice before the first.
  int device() const { return device_; }

 private:
  void require_same_device(const DeviceArray& array, const char* name);

  cudaStream_t cuda_stream_;
  int device_ = kNoDevice;
  std::string first_name_;
};

}  // namespace bsgrow
