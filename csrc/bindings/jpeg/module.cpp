#include <pybind11/pybind11.h>

#include "bindings/jpeg/operations.h"
#include "jpeg/errors.h"

#define BSGROW_TEXT_OF(token) #token
#define BSGROW_TEXT(macro) BSGROW_TEXT_OF(macro)

namespace py = pybind11;

namespace bsgrow {
namespace {

template <auto run>
auto with_arguments(py::object encoded, py::object windows, py::object resize, py::object scale,
                    py::object bias, py::object out_images, py::object max_pixels,
                    py::object scaled, py::object by_libjpeg, py::object num_threads) {
  return run({encoded, windows, resize, scale, bias, out_images, max_pixels, scaled, by_libjpeg,
              num_threads});
}

template <auto run>
void bind_decode_batch(py::module_& module, const char* name) {
  module.def(name, &with_arguments<run>, py::kw_only(), py::arg("encoded"), py::arg("windows"),
             py::arg("resize"), py::arg("scale"), py::arg("bias"), py::arg("out_images"),
             py::arg("max_pixels"), py::arg("scaled"), py::arg("by_libjpeg"),
             py::arg("num_threads"));
}

py::list decode_only_from_python(py::object encoded, py::object windows, py::object max_pixels,
                                 py::object by_libjpeg, py::object num_threads) {
  return check_and_decode_only(encoded, windows, max_pixels, by_libjpeg, num_threads);
}

template <Transcode transcode>
py::bytes transcode_from_python(py::object encoded, py::object max_pixels) {
  return check_and_transcode(transcode, encoded, max_pixels);
}

template <Transcode transcode>
void bind_transcode(py::module_& module, const char* name) {
  module.def(name, &transcode_from_python<transcode>, py::kw_only(), py::arg("encoded"),
             py::arg("max_pixels"));
}

bool is_whole_from_python(py::object encoded, py::object max_pixels) {
  return check_whether_whole(encoded, max_pixels);
}

py::dict build_info() {
  py::dict info;
  info["libjpeg_turbo"] = BSGROW_TEXT(LIBJPEG_TURBO_VERSION);
  return info;
}

}  // namespace
}  // namespace bsgrow

PYBIND11_MODULE(_native_jpeg, module) {
  module.doc() = "JPEGs, decoded natively; see bsgrow.native.decoding for its Python face.";
  bsgrow::bind_task(module);
  py::class_<bsgrow::PyDecodeTask, bsgrow::PyTask>(module, "DecodeTask", py::module_local())
      .def("statuses", &bsgrow::PyDecodeTask::statuses);
  bsgrow::bind_decode_batch<&bsgrow::check_and_decode_batch>(module, "decode_batch");
  bsgrow::bind_decode_batch<&bsgrow::check_and_decode_batch_async>(module, "decode_batch_async");
  module.def("decode_only", &bsgrow::decode_only_from_python, py::kw_only(), py::arg("encoded"),
             py::arg("windows"), py::arg("max_pixels"), py::arg("by_libjpeg"),
             py::arg("num_threads"));
  bsgrow::bind_transcode<&bsgrow::to_baseline>(module, "to_baseline");
  bsgrow::bind_transcode<&bsgrow::with_restarts>(module, "with_restarts");
  module.def("is_whole", &bsgrow::is_whole_from_python, py::kw_only(), py::arg("encoded"),
             py::arg("max_pixels"));
  module.def("build_info", &bsgrow::build_info);
}
