#include "bindings/arguments.h"
#include "bindings/operations.h"
#include "bindings/positions.h"
#include "bindings/released_gil.h"

namespace py = pybind11;

namespace bsgrow {

void check_and_order(py::handle num_samples, py::handle seed, py::handle shuffle, py::handle start,
                     py::handle stop, py::handle out) {
  const uint64_t size = to_integer(num_samples, "num_samples", 1, uint64_t{1} << 32);
  const Positions positions = to_positions(size, seed, shuffle, start, stop);
  const Array samples = to_array(out, "out", {"lq", "int64 [stop - start], contiguous", 1, true});
  samples.require_size(0, positions.count(), "stop - start");
  samples.require_contiguous();
  const ReleasedGil released;
  order(positions.stream, positions.start, positions.count(),
        static_cast<int64_t*>(samples.info.ptr), nullptr);
}

void check_and_order_at(py::handle num_samples, py::handle seed, py::handle shuffle,
                        py::handle positions, py::handle out) {
  const uint64_t size = to_integer(num_samples, "num_samples", 1, uint64_t{1} << 32);
  const SampleStream stream{size, to_integer(seed, "seed", 0, UINT64_MAX),
                            to_flag(shuffle, "shuffle")};
  const Array in = to_array(positions, "positions", {"LQ", "uint64 [n], contiguous", 1, false});
  const Array samples = to_array(out, "out", {"lq", "int64 [n], contiguous", 1, true});
  samples.require_size(0, static_cast<uint64_t>(in.size(0)), "as in positions");
  for (const Array* array : {&in, &samples}) array->require_contiguous();
  require_disjoint(samples, in);
  const auto* first = static_cast<const uint64_t*>(in.info.ptr);
  const auto count = static_cast<uint64_t>(in.size(0));
  for (uint64_t i = 0; i < count; ++i) require_epoch_fits("positions", size, first[i]);
  const ReleasedGil released;
  order_at(stream, first, count, static_cast<int64_t*>(samples.info.ptr));
}

}  // namespace bsgrow
