#include <pybind11/stl.h>

#include <vector>

#include "bindings/cuda/device_array.h"
#include "bindings/cuda/runtime.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

// The interface's type is NumPy's: byte order, kind and bytes, as in "<f4".
std::string format_of(const std::string& type) {
  if (type.size() < 3 || type[0] == '>') return "type '" + type + "'";
  const std::string kind = type.substr(1);
  constexpr const char* kFormats[][2] = {{"u1", "B"}, {"i8", "q"}, {"u8", "Q"},
                                         {"u2", "H"}, {"f4", "f"}, {"f2", "e"}};
  for (const auto& known : kFormats) {
    if (kind == known[0]) return known[1];
  }
  return "type '" + type + "'";
}

std::vector<py::ssize_t> strides_of(const py::dict& fields, const std::vector<py::ssize_t>& shape,
                                    py::ssize_t item_size) {
  if (fields.contains("strides") && !fields["strides"].is_none()) {
    return py::cast<std::vector<py::ssize_t>>(fields["strides"]);
  }
  std::vector<py::ssize_t> strides(shape.size());
  for (size_t dim = shape.size(); dim-- > 0; item_size *= shape[dim]) strides[dim] = item_size;
  return strides;
}

// What the producer's stream still does comes first. The interface numbers the default streams as
// the runtime's own handles do: 1 is the legacy one, 2 the thread's.
void wait_for_producer(const py::dict& fields, cudaStream_t stream) {
  if (!fields.contains("stream") || fields["stream"].is_none()) return;
  const auto handle = py::cast<uintptr_t>(fields["stream"]);
  auto* const producer = reinterpret_cast<cudaStream_t>(handle);
  const bool both_legacy = handle == 1 && stream == nullptr;
  if (producer == stream || both_legacy) return;
  cudaEvent_t written;
  require_success(cudaEventCreateWithFlags(&written, cudaEventDisableTiming), "stream");
  const cudaError_t recorded = cudaEventRecord(written, producer);
  const cudaError_t waited = recorded ? recorded : cudaStreamWaitEvent(stream, written, 0);
  cudaEventDestroy(written);
  require_success(waited, "stream");
}

int device_of(const void* memory, const char* name) {
  cudaPointerAttributes attributes;
  require_success(cudaPointerGetAttributes(&attributes, memory), name);
  if (attributes.type == cudaMemoryTypeDevice || attributes.type == cudaMemoryTypeManaged) {
    return attributes.device;
  }
  throw py::value_error(std::string(name) +
                        ": expected an array in the memory of a CUDA device, got host memory");
}

}  // namespace

DeviceArray import_cuda_array(py::handle value, const char* name, cudaStream_t stream) {
  const py::dict fields = value.attr("__cuda_array_interface__");
  const auto type = py::cast<std::string>(fields["typestr"]);
  const auto shape = py::cast<std::vector<py::ssize_t>>(fields["shape"]);
  const py::tuple data = fields["data"];
  const py::ssize_t item_size = type.size() < 3 ? 1 : std::stol(type.substr(2));
  auto* const memory = reinterpret_cast<void*>(py::cast<uintptr_t>(data[0]));
  const int device = device_of(memory, name);
  const DeviceGuard guard(device);  // an event is of the device that is the current one
  wait_for_producer(fields, stream);
  auto* const held = new py::object(py::reinterpret_borrow<py::object>(value));
  return {
      py::buffer_info(memory, item_size, format_of(type), static_cast<py::ssize_t>(shape.size()),
                      shape, strides_of(fields, shape, item_size), py::cast<bool>(data[1])),
      device, std::shared_ptr<void>(held, [](void* object) {
        const py::gil_scoped_acquire acquire;
        delete static_cast<py::object*>(object);
      })};
}

}  // namespace bsgrow
