#include "bindings/cuda/runtime.h"

#include <stdexcept>

namespace bsgrow {

void require_success(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  throw std::runtime_error(std::string("CUDA, ") + what + ": " + cudaGetErrorString(error) + " (" +
                           cudaGetErrorName(error) + ")");
}

DeviceGuard::DeviceGuard(int device) : device_(device) {
  require_success(cudaGetDevice(&previous_), "device");
  if (device_ != previous_) require_success(cudaSetDevice(device_), "device");
}

DeviceGuard::~DeviceGuard() {
  if (device_ != previous_) cudaSetDevice(previous_);
}

std::pair<int, std::string> count_devices() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count > 0) return {count, ""};
  cudaGetLastError();  // the next call's error is its own
  return {0, error == cudaSuccess ? "no CUDA device was found" : cudaGetErrorString(error)};
}

}  // namespace bsgrow
