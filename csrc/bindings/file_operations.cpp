#include "bindings/file_operations.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

void read_file_lengths_from_python(py::object folder, py::object joined, py::object ends,
                                   py::object out, py::object num_threads) {
  check_and_read_file_lengths({folder, joined, ends, out, num_threads});
}

}  // namespace

void bind_file_operations(py::module_& module) {
  module.def("index_tar", &check_and_index_tar, py::kw_only(), py::arg("descriptor"),
             py::arg("file_bytes"), py::arg("position"));
  module.def("file_lengths", &read_file_lengths_from_python, py::kw_only(), py::arg("folder"),
             py::arg("joined"), py::arg("ends"), py::arg("out"), py::arg("num_threads"));
  module.def("list_images", &check_and_list_images, py::kw_only(), py::arg("folder"),
             py::arg("names"), py::arg("endings"), py::arg("num_threads"));
}

}  // namespace bsgrow
