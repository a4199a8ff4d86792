#include <pybind11/stl.h>

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "bindings/cuda/device_array.h"
#include "bindings/cuda/runtime.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

using Sizes = std::vector<py::ssize_t>;

// Fields of the interface, whose errors name the argument and the field.
class Interface {
 public:
  Interface(py::handle value, const char* name) : name_(name) {
    const py::object fields = value.attr("__cuda_array_interface__");
    if (!py::isinstance<py::dict>(fields)) reject("expected a dict");
    fields_ = fields;
  }

  // Whether a field that may be left out is there.
  bool has(const char* field) const { return fields_.contains(field) && !get(field).is_none(); }

  py::object get(const char* field) const { return fields_[field]; }

  template <typename Type>
  Type as(const char* field, const char* expected) const {
    if (!fields_.contains(field)) reject(std::string("expected the field '") + field + "'");
    try {
      return py::cast<Type>(get(field));
    } catch (const py::cast_error&) {
      reject(std::string("expected ") + field + " to be " + expected + ", got " +
             py::cast<std::string>(py::repr(get(field))));
    }
  }

  [[noreturn]] void reject(const std::string& problem) const {
    throw py::value_error(name_ + ": in its __cuda_array_interface__: " + problem);
  }

 private:
  std::string name_;
  py::dict fields_;
};

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

py::ssize_t item_size_of(const Interface& interface, const std::string& type) {
  const bool has_size = type.size() > 2 && type.size() < 6 &&
                        std::all_of(
                            type.begin() + 2, type.end(),
                            [](unsigned char character) { return std::isdigit(character); });
  const int item_size = has_size ? std::stoi(type.substr(2)) : 0;
  if (item_size == 0) {
    interface.reject("expected typestr to be byte order, kind and bytes, as '<f4' is, got '" +
                     type + "'");
  }
  return item_size;
}

Sizes strides_of(const Interface& interface, const Sizes& shape, py::ssize_t item_size) {
  if (interface.has("strides")) {
    auto strides = interface.as<Sizes>("strides", "a tuple of integers");
    if (strides.size() == shape.size()) return strides;
    interface.reject("expected as many strides as dimensions, " + std::to_string(shape.size()) +
                     ", got " + std::to_string(strides.size()));
  }
  Sizes strides(shape.size());
  for (size_t dim = shape.size(); dim-- > 0; item_size *= shape[dim]) strides[dim] = item_size;
  return strides;
}

bool is_empty(const Sizes& shape) { return std::count(shape.begin(), shape.end(), 0) > 0; }

// What the producer's CUDA stream still does comes first. The interface numbers the default
// streams as the runtime's own handles do: 1 is the legacy one, 2 the thread's.
void wait_for_producer(const Interface& interface, cudaStream_t cuda_stream) {
  if (!interface.has("stream")) return;
  const auto handle = interface.as<uintptr_t>("stream", "a stream's handle");
  auto* const producer = reinterpret_cast<cudaStream_t>(handle);
  const bool both_legacy = handle == 1 && cuda_stream == nullptr;
  if (producer == cuda_stream || both_legacy) return;
  cudaEvent_t written;
  require_success(cudaEventCreateWithFlags(&written, cudaEventDisableTiming), "cuda_stream");
  const cudaError_t recorded = cudaEventRecord(written, producer);
  const cudaError_t waited = recorded ? recorded : cudaStreamWaitEvent(cuda_stream, written, 0);
  cudaEventDestroy(written);
  require_success(waited, "cuda_stream");
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

std::shared_ptr<void> keep_alive(py::handle value) {
  auto* const held = new py::object(py::reinterpret_borrow<py::object>(value));
  return {held, [](void* object) {
            const py::gil_scoped_acquire acquire;
            delete static_cast<py::object*>(object);
          }};
}

}  // namespace

DeviceArray import_cuda_array(py::handle value, const char* name, cudaStream_t cuda_stream) {
  const Interface interface(value, name);
  if (interface.has("mask")) interface.reject("expected no mask, which nothing here would heed");
  const auto type = interface.as<std::string>("typestr", "a string");
  const auto shape = interface.as<Sizes>("shape", "a tuple of integers");
  if (std::any_of(shape.begin(), shape.end(), [](auto size) { return size < 0; })) {
    interface.reject("expected no negative size in shape");
  }
  const auto [address, read_only] =
      interface.as<std::pair<uintptr_t, bool>>("data", "a pointer and whether it is read-only");
  const py::ssize_t item_size = item_size_of(interface, type);
  auto* const memory = reinterpret_cast<void*>(address);
  py::buffer_info info(memory, item_size, format_of(type), static_cast<py::ssize_t>(shape.size()),
                       shape, strides_of(interface, shape, item_size), read_only);
  if (memory == nullptr) {
    if (!is_empty(shape)) interface.reject("got a null pointer to an array that is not empty");
    return {std::move(info), kNoDevice, keep_alive(value)};
  }
  const int device = device_of(memory, name);
  const DeviceGuard guard(device);  // an event is of the device that is the current one
  wait_for_producer(interface, cuda_stream);
  return {std::move(info), device, keep_alive(value)};
}

}  // namespace bsgrow
