#include "bindings/cuda/runtime.h"

#include <stdexcept>

namespace bsgrow {

void require_success(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // the next call's error is its own
  throw std::runtime_error(std::string("CUDA, ") + what + ": " + cudaGetErrorString(error) + " (" +
                           cudaGetErrorName(error) + ")");
}

DeviceGuard::DeviceGuard(int device) {
  int current = -1;
  error_ = cudaGetDevice(&current);
  if (error_ == cudaSuccess && current != device) {
    error_ = cudaSetDevice(device);
    if (error_ == cudaSuccess) replaced_ = current;
  }
  if (error_ != cudaSuccess) cudaGetLastError();
}

// Going back makes a context on a device that was the current one and not yet used: whoever
// launches on another device for long makes that one the current one, as the loaders do.
DeviceGuard::~DeviceGuard() {
  if (replaced_ != -1) cudaSetDevice(replaced_);
}

std::pair<int, std::string> count_devices() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count > 0) return {count, ""};
  cudaGetLastError();
  return {0, error == cudaSuccess ? "no CUDA device was found" : cudaGetErrorString(error)};
}

int capability_of(int device) {
  int major = 0, minor = 0;
  require_success(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device),
                  "device");
  require_success(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device),
                  "device");
  return 10 * major + minor;
}

}  // namespace bsgrow
