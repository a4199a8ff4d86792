#include "bindings/image_operations.h"

#include <pybind11/stl.h>

namespace py = pybind11;

namespace bsgrow {
namespace {

using Range = std::pair<double, double>;

void crop_windows_from_python(py::object sizes, py::object samples, py::object epochs,
                              py::object seed, Range scale, Range ratio, Range log_ratio,
                              py::object flip, py::object out) {
  check_and_crop_windows({sizes, samples, epochs, seed, scale, ratio, log_ratio, flip, out});
}

void resize_pixels_from_python(py::object pixels, py::object window, py::object resize,
                               py::object scale, py::object bias, py::object out_image) {
  check_and_resize_pixels({pixels, window, resize, scale, bias, out_image});
}

}  // namespace

void bind_image_operations(py::module_& module) {
  module.def("crop_windows", &crop_windows_from_python, py::kw_only(), py::arg("sizes"),
             py::arg("samples"), py::arg("epochs"), py::arg("seed"), py::arg("scale"),
             py::arg("ratio"), py::arg("log_ratio"), py::arg("flip"), py::arg("out"));
  module.def("resize_pixels", &resize_pixels_from_python, py::kw_only(), py::arg("pixels"),
             py::arg("window"), py::arg("resize"), py::arg("scale"), py::arg("bias"),
             py::arg("out_image"));
  module.def("read_jpeg_header", &check_and_read_jpeg_header, py::arg("encoded"));
  module.def("has_jpeg_end", &check_and_find_jpeg_end, py::arg("encoded"));
  module.def("read_orientation_tag", &check_and_read_orientation_tag, py::arg("tiff"));
}

}  // namespace bsgrow
