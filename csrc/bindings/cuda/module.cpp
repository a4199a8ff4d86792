#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/cuda/operations.h"
#include "bindings/cuda/runtime.h"
#include "bsgrow/device.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

void load_batch_from_python(py::object images, py::object labels, py::object seed, py::object start,
                            py::object stop, py::object pad, py::object padding, py::object flip,
                            py::object cutout, py::object scale, py::object bias,
                            py::object out_images, py::object out_labels, py::object shuffle,
                            py::object num_samples, py::object cursor, py::object cuda_stream) {
  check_and_load_batch({images, labels, seed, start, stop, pad, padding, flip, cutout, scale, bias,
                        out_images, out_labels, shuffle},
                       {num_samples, cursor, cuda_stream});
}

py::dict build_info() {
  py::dict info;
  info["architectures"] = built_architectures();
  info["cuda_runtime"] = py::make_tuple(CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
  return info;
}

}  // namespace
}  // namespace bsgrow

PYBIND11_MODULE(_native_cuda, module) {
  module.doc() = "The sample stream on CUDA devices; see bsgrow.native.cuda for its Python face.";
  py::class_<bsgrow::DeviceArray>(module, "DeviceArray", py::module_local())
      .def(py::init(&bsgrow::check_device_array), py::arg("array"), py::kw_only(),
           py::arg("cuda_stream"));
  module.def("load_batch", &bsgrow::load_batch_from_python, py::kw_only(), py::arg("images"),
             py::arg("labels"), py::arg("seed"), py::arg("start"), py::arg("stop"), py::arg("pad"),
             py::arg("padding"), py::arg("flip"), py::arg("cutout"), py::arg("scale"),
             py::arg("bias"), py::arg("out_images"), py::arg("out_labels"), py::arg("shuffle"),
             py::arg("num_samples"), py::arg("cursor"), py::arg("cuda_stream"));
  module.def("advance_cursor", &bsgrow::check_and_advance_cursor, py::kw_only(), py::arg("cursor"),
             py::arg("count"), py::arg("cuda_stream"));
  module.def("build_info", &bsgrow::build_info);
  module.def("device_capability", &bsgrow::capability_of, py::arg("device"));
  module.def("device_count", &bsgrow::count_devices);
}
