#pragma once

#include <pybind11/pybind11.h>

namespace bsgrow {

// Check and dispatch for files, as in operations.h.

// The fields of TarRun in their order, arrays as bytes.
pybind11::tuple check_and_index_tar(pybind11::handle descriptor, pybind11::handle file_bytes,
                                    pybind11::handle position);

struct FileLengthsArguments {
  pybind11::handle folder, joined, ends, out, num_threads;
};

void check_and_read_file_lengths(const FileLengthsArguments& arguments);

// A tuple of the fields of ListedImages for each folder, arrays as bytes.
pybind11::list check_and_list_images(pybind11::handle folder, pybind11::handle names,
                                     pybind11::handle endings, pybind11::handle num_threads);

void bind_file_operations(pybind11::module_& module);

}  // namespace bsgrow
