#pragma once

#include <cuda_runtime_api.h>

#include <string>
#include <utility>

namespace bsgrow {

// Throws std::runtime_error with the error's name and text, and what was being done.
void require_success(cudaError_t error, const char* what);

// Makes a device the current one, and at its end the one that was.
class DeviceGuard {
 public:
  explicit DeviceGuard(int device);
  ~DeviceGuard();

  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;

 private:
  int device_;
  int previous_ = 0;
};

// How many devices there are, and where there are none, why.
std::pair<int, std::string> count_devices();

}  // namespace bsgrow
