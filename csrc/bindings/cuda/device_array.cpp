#include "bindings/cuda/device_array.h"

#include <utility>

namespace py = pybind11;

namespace bsgrow {

DeviceArray import_device_array(py::handle value, const char* name, cudaStream_t cuda_stream) {
  if (py::isinstance<DeviceArray>(value)) return share(py::cast<const DeviceArray&>(value));
  if (is_capsule(value)) return take_capsule(value, name);
  if (py::hasattr(value, "__dlpack__")) return import_dlpack(value, name, cuda_stream);
  if (py::hasattr(value, "__cuda_array_interface__")) {
    return import_cuda_array(value, name, cuda_stream);
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

void DeviceImport::require_same_device(const DeviceArray& array, const char* name) {
  if (array.device == kNoDevice) return;
  if (device_ == kNoDevice) {
    device_ = array.device;
    first_name_ = name;
  }
  if (array.device == device_) return;
  throw py::value_error(std::string(name) + ": expected an array on device " +
                        std::to_string(device_) + ", as " + first_name_ + " is, got one on " +
                        std::to_string(array.device));
}

Array DeviceImport::operator()(py::handle value, const char* name, const ArrayType& type) {
  DeviceArray array = import_device_array(value, name, cuda_stream_);
  require_same_device(array, name);
  Array view{name, std::move(array.info), type.description, std::move(array.owner)};
  if (type.writable && view.info.readonly) view.reject("got one that is read-only");
  return require_type(std::move(view), type);
}

}  // namespace bsgrow
