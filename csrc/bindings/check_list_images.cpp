#include <pybind11/stl.h>

#include <limits>

#include "bindings/arguments.h"
#include "bindings/file_operations.h"
#include "bindings/positions.h"
#include "bindings/released_gil.h"
#include "bsgrow/list_images.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

using Texts = std::vector<std::string>;

std::vector<ListedImages> list_without_gil(int folder, const Texts& names, const Texts& endings,
                                           int num_threads) {
  const ReleasedGil released;
  return list_images(folder, names, endings, num_threads);
}

py::bytes to_bytes(const std::vector<int64_t>& column) {
  return {reinterpret_cast<const char*>(column.data()), column.size() * sizeof(int64_t)};
}

}  // namespace

py::list check_and_list_images(py::handle folder, py::handle names, py::handle endings,
                               py::handle num_threads) {
  const auto most = static_cast<uint64_t>(std::numeric_limits<int>::max());
  const auto above = static_cast<int>(to_integer(folder, "folder", 0, most));
  const int threads = to_num_threads(num_threads);
  py::list all;
  for (const ListedImages& listed :
       list_without_gil(above, names.cast<Texts>(), endings.cast<Texts>(), threads)) {
    all.append(py::make_tuple(listed.is_odd, py::bytes(listed.names), to_bytes(listed.ends),
                              listed.num_others, py::bytes(listed.first_other)));
  }
  return all;
}

}  // namespace bsgrow
