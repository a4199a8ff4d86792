#include <optional>

#include "bindings/cuda/operations.h"
#include "bindings/cuda/runtime.h"
#include "bindings/released_gil.h"
#include "bsgrow/device.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

constexpr ArrayType kCursor{"lqLQ", "int64 or uint64 [1]", 1, true};

cudaStream_t to_cuda_stream(py::handle value) {
  return reinterpret_cast<cudaStream_t>(to_integer(value, "cuda_stream", 0, UINTPTR_MAX));
}

Array to_cursor(DeviceImport& import, py::handle value) {
  Array cursor = import(value, "cursor", kCursor);
  cursor.require_size(0, 1, "one number");
  return cursor;
}

Gathered to_gathered(py::handle num_samples) {
  if (num_samples.is_none()) return {0};
  return {to_integer(num_samples, "num_samples", 1, uint64_t{1} << 32)};
}

// The kernel counts bytes of an image, and of channels in it, in 32 bits.
void require_small_images(const Array& images) {
  if (images.size(1) > kMaxDeviceChannels) {
    images.reject("got more than " + std::to_string(kMaxDeviceChannels) + " channels");
  }
  const int64_t limit = INT32_MAX / images.size(1);
  if (images.size(2) > limit || images.size(3) > limit / images.size(2)) {
    images.reject("got images of 2**31 bytes or more");
  }
}

// On the arguments' device. That a CUDA stream is of another one is found by the launch itself.
template <typename Launch>
void launch(const DeviceImport& import, const char* what, const Launch& start) {
  const ReleasedGil released;
  const DeviceGuard guard(import.device());
  require_success(guard.error(), "device");
  const cudaError_t error = start();
  if (error != cudaErrorInvalidResourceHandle) return require_success(error, what);
  cudaGetLastError();
  throw py::value_error("cuda_stream: expected one of device " + std::to_string(import.device()) +
                        ", where the arrays are, that was not destroyed");
}

}  // namespace

void check_and_load_batch(const LoadBatchArguments& arguments, const DeviceArguments& device) {
  const Gathered gathered = to_gathered(device.num_samples);
  const cudaStream_t cuda_stream = to_cuda_stream(device.cuda_stream);
  DeviceImport import(cuda_stream);
  const CheckedLoadBatch checked = check_load_batch(arguments, gathered, std::ref(import));
  require_small_images(checked.arrays.front());
  std::optional<Array> cursor;
  if (!device.cursor.is_none()) {
    cursor = to_cursor(import, device.cursor);
    for (const Array& array : checked.arrays) {
      const bool is_output = array.name == "out_images" || array.name == "out_labels";
      if (is_output) require_disjoint(array, *cursor);
    }
  }
  const DeviceLoadBatch batch{checked.batch,
                              cursor ? static_cast<const uint64_t*>(cursor->info.ptr) : nullptr,
                              gathered.num_samples > 0};
  launch(import, "load_batch", [&] { return load_batch(batch, cuda_stream); });
}

void check_and_advance_cursor(py::handle cursor, py::handle count, py::handle cuda_stream_handle) {
  const cudaStream_t cuda_stream = to_cuda_stream(cuda_stream_handle);
  DeviceImport import(cuda_stream);
  const Array number = to_cursor(import, cursor);
  const uint64_t added = to_integer(count, "count", 0, UINT64_MAX);
  auto* const value = static_cast<uint64_t*>(number.info.ptr);
  launch(import, "advance_cursor", [&] { return advance_cursor(value, added, cuda_stream); });
}

DeviceArray check_device_array(py::handle array, py::handle cuda_stream) {
  return import_device_array(array, "array", to_cuda_stream(cuda_stream));
}

}  // namespace bsgrow
