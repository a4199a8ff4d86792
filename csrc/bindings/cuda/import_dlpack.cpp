#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bindings/cuda/device_array.h"
#include "bindings/cuda/dlpack.h"
#include "bindings/cuda/runtime.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

// A struct character, as the buffer protocol writes it; bfloat16 as uint16, which holds its bits.
std::string format_of(const DLDataType& type) {
  if (type.lanes != 1) return "";
  constexpr struct {
    DLDataTypeCode code;
    int bits;
    const char* format;
  } kFormats[] = {{kDLUInt, 8, "B"},   {kDLInt, 64, "q"},   {kDLUInt, 64, "Q"},  {kDLUInt, 16, "H"},
                  {kDLFloat, 32, "f"}, {kDLFloat, 16, "e"}, {kDLBfloat, 16, "H"}};
  for (const auto& known : kFormats) {
    if (known.code == type.code && known.bits == type.bits) return known.format;
  }
  return "code " + std::to_string(type.code) + ", " + std::to_string(type.bits) + " bits";
}

std::vector<py::ssize_t> strides_of(const DLTensor& tensor, py::ssize_t item_size) {
  std::vector<py::ssize_t> strides(tensor.ndim);
  py::ssize_t next = item_size;
  for (int32_t dim = tensor.ndim - 1; dim >= 0; --dim) {
    strides[dim] = tensor.strides ? tensor.strides[dim] * item_size : next;
    next *= tensor.shape[dim];
  }
  return strides;
}

py::buffer_info view_of(const DLTensor& tensor, bool read_only) {
  const py::ssize_t item_size = (tensor.dtype.bits * tensor.dtype.lanes + 7) / 8;
  auto* const first = static_cast<char*>(tensor.data) + tensor.byte_offset;
  return py::buffer_info(first, item_size, format_of(tensor.dtype), tensor.ndim,
                         std::vector<py::ssize_t>(tensor.shape, tensor.shape + tensor.ndim),
                         strides_of(tensor, item_size), read_only);
}

int require_cuda(int type, int device, const char* name) {
  if (type == kDLCUDA || type == kDLCUDAManaged) return device;
  throw py::value_error(std::string(name) + ": expected an array in the memory of a CUDA device, " +
                        "got one " + (type == kDLCPU ? "of the CPU" : "on another kind of device") +
                        " (DLPack device type " + std::to_string(type) + ")");
}

// The tensor of a capsule, taken out of it.
template <typename Managed>
Managed* take(py::handle capsule, const char* unused, const char* used) {
  auto* const managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule.ptr(), unused));
  if (managed == nullptr) throw py::error_already_set();
  if (PyCapsule_SetName(capsule.ptr(), used) != 0) throw py::error_already_set();
  return managed;
}

template <typename Managed>
std::shared_ptr<void> own(Managed* managed) {
  return {managed, [](void* taken) {
            auto* const tensor = static_cast<Managed*>(taken);
            if (tensor->deleter) tensor->deleter(tensor);
          }};
}

DeviceArray to_device_array(const DLTensor& tensor, bool read_only, std::shared_ptr<void> owner,
                            const char* name) {
  const int device = require_cuda(tensor.device.device_type, tensor.device.device_id, name);
  if (std::any_of(tensor.shape, tensor.shape + tensor.ndim, [](auto size) { return size < 0; })) {
    throw py::value_error(std::string(name) + ": its producer names a negative size");
  }
  return {view_of(tensor, read_only), device, std::move(owner)};
}

DeviceArray take_versioned(py::handle capsule, const char* name) {
  auto* const managed =
      take<DLManagedTensorVersioned>(capsule, kVersionedCapsule, "used_dltensor_versioned");
  std::shared_ptr<void> owner = own(managed);
  if (managed->version.major != kDLPackMajor) {
    throw py::value_error(std::string(name) + ": expected DLPack of version " +
                          std::to_string(kDLPackMajor) + ", got version " +
                          std::to_string(managed->version.major));
  }
  const bool read_only = managed->flags & kDLReadOnly;
  return to_device_array(managed->dl_tensor, read_only, std::move(owner), name);
}

// The numbers that DLPack gives to streams: 0 would be ambiguous.
py::int_ dlpack_number(cudaStream_t cuda_stream) {
  const auto handle = reinterpret_cast<uintptr_t>(cuda_stream);
  return py::int_(handle == 0 ? 1 : handle);
}

// Producers older than DLPack 1.0 do not know max_version.
py::object export_capsule(py::handle value, cudaStream_t cuda_stream) {
  const py::object method = value.attr("__dlpack__");
  const py::int_ number = dlpack_number(cuda_stream);
  try {
    return method(py::arg("stream") = number,
                  py::arg("max_version") = py::make_tuple(kDLPackMajor, 0));
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) throw;
  }
  return method(py::arg("stream") = number);
}

// What the producer says is an error of the argument's.
template <typename Ask>
auto asking(const char* name, const Ask& ask) {
  try {
    return ask();
  } catch (const py::cast_error& error) {
    throw py::value_error(std::string(name) + ": its producer answers nonsense: " + error.what());
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) throw;
    const std::string problem = std::string(name) + ": its producer does not hand it over: " +
                                py::cast<std::string>(error.type().attr("__name__")) + ": " +
                                py::cast<std::string>(py::str(error.value()));
    py::raise_from(error, PyExc_ValueError, problem.c_str());
    throw py::error_already_set();
  }
}

std::pair<int, int> device_of(py::handle value) {
  const py::tuple place = value.attr("__dlpack_device__")();
  // The first is an enumeration of integers, for some.
  return {py::cast<int>(place[0]), py::cast<int>(place[1])};
}

}  // namespace

bool is_capsule(py::handle value) {
  return PyCapsule_IsValid(value.ptr(), kCapsule) ||
         PyCapsule_IsValid(value.ptr(), kVersionedCapsule);
}

DeviceArray take_capsule(py::handle capsule, const char* name) {
  if (PyCapsule_IsValid(capsule.ptr(), kVersionedCapsule)) return take_versioned(capsule, name);
  auto* const managed = take<DLManagedTensor>(capsule, kCapsule, "used_dltensor");
  std::shared_ptr<void> owner = own(managed);
  return to_device_array(managed->dl_tensor, /*read_only=*/false, std::move(owner), name);
}

DeviceArray import_dlpack(py::handle value, const char* name, cudaStream_t cuda_stream) {
  const auto [type, index] = asking(name, [&] { return device_of(value); });
  const int device = require_cuda(type, index, name);
  // Producers order their work on the device that is the current one; torch refuses another.
  const DeviceGuard guard(device);
  const py::object capsule = asking(name, [&] { return export_capsule(value, cuda_stream); });
  if (!is_capsule(capsule)) {
    throw py::type_error(std::string(name) + ": expected a DLPack capsule from __dlpack__, got " +
                         py::cast<std::string>(py::repr(capsule)));
  }
  DeviceArray array = take_capsule(capsule, name);
  if (array.device == device) return array;
  throw py::value_error(std::string(name) + ": expected an array on device " +
                        std::to_string(device) + ", as its __dlpack_device__ says, got one on " +
                        std::to_string(array.device));
}

}  // namespace bsgrow
