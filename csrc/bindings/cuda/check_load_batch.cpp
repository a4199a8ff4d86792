#include <optional>

#include "bindings/cuda/operations.h"
#include "bindings/cuda/runtime.h"
#include "bindings/released_gil.h"
#include "bsgrow/device.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

constexpr ArrayType kCursor{"lqLQ", "int64 or uint64 [1]", 1, true};

cudaStream_t to_stream(py::handle value) {
  return reinterpret_cast<cudaStream_t>(to_integer(value, "stream", 0, UINTPTR_MAX));
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

}  // namespace

void check_and_load_batch(const LoadBatchArguments& arguments, const DeviceArguments& device) {
  const Gathered gathered = to_gathered(device.num_samples);
  const cudaStream_t stream = to_stream(device.stream);
  DeviceImport import(stream);
  const CheckedLoadBatch checked = check_load_batch(arguments, gathered, std::ref(import));
  require_small_images(checked.arrays.front());
  std::optional<Array> cursor;
  if (!device.cursor.is_none()) cursor = to_cursor(import, device.cursor);
  const DeviceLoadBatch batch{checked.batch,
                              cursor ? static_cast<const uint64_t*>(cursor->info.ptr) : nullptr,
                              gathered.num_samples > 0};
  const ReleasedGil released;
  const DeviceGuard guard(import.device());
  require_success(load_batch(batch, stream), "load_batch");
}

void check_and_advance_cursor(py::handle cursor, py::handle count, py::handle stream_handle) {
  const cudaStream_t stream = to_stream(stream_handle);
  DeviceImport import(stream);
  const Array number = to_cursor(import, cursor);
  const uint64_t added = to_integer(count, "count", 0, UINT64_MAX);
  const ReleasedGil released;
  const DeviceGuard guard(import.device());
  require_success(advance_cursor(static_cast<uint64_t*>(number.info.ptr), added, stream),
                  "advance_cursor");
}

DeviceArray check_device_array(py::handle array, py::handle stream) {
  return import_device_array(array, "array", to_stream(stream));
}

}  // namespace bsgrow
