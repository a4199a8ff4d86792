#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/file_operations.h"
#include "bindings/image_operations.h"
#include "bindings/norm_operations.h"
#include "bindings/operations.h"
#include "bindings/task.h"
#include "bsgrow/load_batch.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

template <auto run>
auto with_load_batch_arguments(py::object images, py::object labels, py::object seed,
                               py::object start, py::object stop, py::object pad,
                               py::object padding, py::object flip, py::object cutout,
                               py::object scale, py::object bias, py::object out_images,
                               py::object out_labels, py::object shuffle, py::object num_threads) {
  return run({images, labels, seed, start, stop, pad, padding, flip, cutout, scale, bias,
              out_images, out_labels, shuffle},
             num_threads);
}

template <auto run>
void bind_load_batch(py::module_& module, const char* name) {
  module.def(name, &with_load_batch_arguments<run>, py::kw_only(), py::arg("images"),
             py::arg("labels"), py::arg("seed"), py::arg("start"), py::arg("stop"), py::arg("pad"),
             py::arg("padding"), py::arg("flip"), py::arg("cutout"), py::arg("scale"),
             py::arg("bias"), py::arg("out_images"), py::arg("out_labels"), py::arg("shuffle"),
             py::arg("num_threads"));
}

auto gather_async(py::object images, py::object labels, py::object seed, py::object start,
                  py::object stop, py::object out_images, py::object out_labels, py::object shuffle,
                  py::object num_threads) {
  return check_and_gather_async(
      {images, labels, seed, start, stop, out_images, out_labels, shuffle, num_threads});
}

}  // namespace
}  // namespace bsgrow

PYBIND11_MODULE(_native, module) {
  module.doc() = "The native sample stream; see bsgrow.native for its Python face.";
  module.def("philox4x32_10", &bsgrow::check_and_philox, py::arg("counter"), py::arg("key"));
  module.def("order", &bsgrow::check_and_order, py::kw_only(), py::arg("num_samples"),
             py::arg("seed"), py::arg("shuffle") = true, py::arg("start"), py::arg("stop"),
             py::arg("out"));
  module.def("order_at", &bsgrow::check_and_order_at, py::kw_only(), py::arg("num_samples"),
             py::arg("seed"), py::arg("shuffle"), py::arg("positions"), py::arg("out"));
  bsgrow::bind_task(module);
  bsgrow::bind_file_operations(module);
  bsgrow::bind_image_operations(module);
  bsgrow::bind_norm_operations(module);
  bsgrow::bind_load_batch<&bsgrow::check_and_load_batch>(module, "load_batch");
  bsgrow::bind_load_batch<&bsgrow::check_and_load_batch_async>(module, "load_batch_async");
  module.def("gather_async", &bsgrow::gather_async, py::kw_only(), py::arg("images"),
             py::arg("labels"), py::arg("seed"), py::arg("start"), py::arg("stop"),
             py::arg("out_images"), py::arg("out_labels"), py::arg("shuffle"),
             py::arg("num_threads"));
  module.def("instruction_set", &bsgrow::instruction_set);
  module.def("instruction_sets", &bsgrow::instruction_sets);
  module.def("fill", &bsgrow::check_and_fill, py::kw_only(), py::arg("out"), py::arg("chunk_bytes"),
             py::arg("num_threads"));
}
