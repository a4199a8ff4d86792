#pragma once

#include <cuda_runtime_api.h>

#include <string>
#include <utility>

namespace bsgrow {

// Throws std::runtime_error with the error's name and text, and what was being done.
void require_success(cudaError_t error, const char* what);

// Makes a device the current one where it can, and at its end the one that was.
class DeviceGuard {
 public:
  explicit DeviceGuard(int device);
  ~DeviceGuard();

  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;

  // Why the device is not the current one; cudaSuccess where it is.
  cudaError_t error() const { return error_; }

 private:
  cudaError_t error_;
  int replaced_ = -1;  // the device to go back to; -1 where nothing was changed
};

// How many devices there are, and where there are none, why.
std::pair<int, std::string> count_devices();

// The compute capability of a device, ten times: 90 is an H100's. Makes no context.
int capability_of(int device);

}  // namespace bsgrow
