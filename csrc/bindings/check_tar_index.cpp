#include <limits>

#include "bindings/arguments.h"
#include "bindings/file_operations.h"
#include "bindings/released_gil.h"
#include "bsgrow/tar_index.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

constexpr uint64_t kMostBytes = std::numeric_limits<int64_t>::max() / 2;

TarRun index_without_gil(int descriptor, int64_t file_bytes, int64_t position) {
  const ReleasedGil released;
  return index_tar(descriptor, file_bytes, position);
}

py::bytes to_bytes(const std::vector<int64_t>& column) {
  return {reinterpret_cast<const char*>(column.data()), column.size() * sizeof(int64_t)};
}

}  // namespace

py::tuple check_and_index_tar(py::handle descriptor, py::handle file_bytes, py::handle position) {
  const auto most = static_cast<uint64_t>(std::numeric_limits<int>::max());
  const auto file = static_cast<int>(to_integer(descriptor, "descriptor", 0, most));
  const uint64_t end = to_integer(file_bytes, "file_bytes", 0, kMostBytes);
  const uint64_t start = to_integer(position, "position", 0, kMostBytes);
  const TarRun run =
      index_without_gil(file, static_cast<int64_t>(end), static_cast<int64_t>(start));
  return py::make_tuple(py::bytes(run.names), to_bytes(run.name_ends), to_bytes(run.offsets),
                        to_bytes(run.lengths), to_bytes(run.labels), run.position, run.is_odd);
}

}  // namespace bsgrow
