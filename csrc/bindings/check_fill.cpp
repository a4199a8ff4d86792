#include "bindings/arguments.h"
#include "bindings/operations.h"
#include "bindings/positions.h"
#include "bindings/released_gil.h"
#include "bsgrow/fill.h"

namespace py = pybind11;

namespace bsgrow {

void check_and_fill(py::handle out, py::handle chunk_bytes, py::handle num_threads) {
  const Array bytes = to_array(out, "out", {"B", "uint8 [num_bytes], contiguous", 1, true});
  bytes.require_contiguous();
  const auto chunk = static_cast<int64_t>(to_integer(chunk_bytes, "chunk_bytes", 1, INT64_MAX / 2));
  const int threads = to_num_threads(num_threads);
  const ReleasedGil released;
  fill(bytes.info.ptr, bytes.size(0), chunk, threads);
}

}  // namespace bsgrow
