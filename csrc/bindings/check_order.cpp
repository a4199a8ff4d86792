#include "bindings/arguments.h"
#include "bindings/operations.h"
#include "bindings/positions.h"
#include "bindings/released_gil.h"

namespace py = pybind11;

namespace bsgrow {

void check_and_order(py::handle num_samples, py::handle seed, py::handle start, py::handle stop,
                     py::handle out) {
  const uint64_t size = to_integer(num_samples, "num_samples", 1, uint64_t{1} << 32);
  const Positions positions = to_positions(size, seed, py::bool_(true), start, stop);
  const Array samples = to_array(out, "out", {"lq", "int64 [stop - start], contiguous", 1, true});
  samples.require_size(0, positions.count(), "stop - start");
  samples.require_contiguous();
  const ReleasedGil released;
  order(positions.stream, positions.start, positions.count(),
        static_cast<int64_t*>(samples.info.ptr), nullptr);
}

}  // namespace bsgrow
