#include "bindings/cuda/device_array.h"

#include <utility>
#include <vector>

#include "bindings/cuda/dlpack.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

constexpr const char* kUnused = "dltensor";  // a capsule's name until its tensor was taken
constexpr const char* kUsed = "used_dltensor";

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

py::buffer_info view_of(const DLTensor& tensor) {
  const py::ssize_t item_size = (tensor.dtype.bits * tensor.dtype.lanes + 7) / 8;
  auto* const first = static_cast<char*>(tensor.data) + tensor.byte_offset;
  return py::buffer_info(first, item_size, format_of(tensor.dtype), tensor.ndim,
                         std::vector<py::ssize_t>(tensor.shape, tensor.shape + tensor.ndim),
                         strides_of(tensor, item_size));
}

int require_cuda(py::handle value, const char* name) {
  const py::tuple place = value.attr("__dlpack_device__")();
  const int type = py::cast<int>(place[0]);  // an enumeration of integers, for some
  if (type == kDLCUDA || type == kDLCUDAManaged) return py::cast<int>(place[1]);
  throw py::value_error(std::string(name) + ": expected an array in the memory of a CUDA device, " +
                        "got one " + (type == 1 ? "of the CPU" : "on another kind of device") +
                        " (DLPack device type " + std::to_string(type) + ")");
}

// The numbers that DLPack gives to streams: 0 would be ambiguous.
py::int_ stream_number(cudaStream_t stream) {
  const auto handle = reinterpret_cast<uintptr_t>(stream);
  return py::int_(handle == 0 ? 1 : handle);
}

DeviceArray import_dlpack(py::handle value, const char* name, cudaStream_t stream) {
  const int device = require_cuda(value, name);
  const py::object capsule = value.attr("__dlpack__")(py::arg("stream") = stream_number(stream));
  auto* const managed = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule.ptr(), kUnused));
  if (managed == nullptr) throw py::error_already_set();
  if (PyCapsule_SetName(capsule.ptr(), kUsed) != 0) throw py::error_already_set();
  std::shared_ptr<void> owner(managed, [](void* taken) {
    auto* const tensor = static_cast<DLManagedTensor*>(taken);
    if (tensor->deleter) tensor->deleter(tensor);
  });
  return {view_of(managed->dl_tensor), device, std::move(owner)};
}

}  // namespace

DeviceArray import_device_array(py::handle value, const char* name, cudaStream_t stream) {
  if (py::isinstance<DeviceArray>(value)) return share(py::cast<const DeviceArray&>(value));
  if (py::hasattr(value, "__dlpack__")) return import_dlpack(value, name, stream);
  if (py::hasattr(value, "__cuda_array_interface__")) {
    return import_cuda_array(value, name, stream);
  }
  throw py::type_error(std::string(name) +
                       ": expected an array with __dlpack__ or __cuda_array_interface__, got " +
                       py::cast<std::string>(py::type::of(value).attr("__name__")));
}

DeviceArray share(const DeviceArray& array) {
  const py::buffer_info& info = array.info;
  return {py::buffer_info(info.ptr, info.itemsize, info.format, info.ndim, info.shape, info.strides,
                          info.readonly),
          array.device, array.owner};
}

Array DeviceImport::operator()(py::handle value, const char* name, const ArrayType& type) {
  DeviceArray array = import_device_array(value, name, stream_);
  if (device_ == -1) {
    device_ = array.device;
    first_name_ = name;
  }
  if (array.device != device_) {
    throw py::value_error(std::string(name) + ": expected an array on device " +
                          std::to_string(device_) + ", as " + first_name_ + " is, got one on " +
                          std::to_string(array.device));
  }
  Array view{name, std::move(array.info), type.description, std::move(array.owner)};
  if (type.writable && view.info.readonly) view.reject("got one that is read-only");
  return require_type(std::move(view), type);
}

}  // namespace bsgrow
