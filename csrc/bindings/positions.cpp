#include "bindings/positions.h"

#include <string>

#include "bindings/arguments.h"

namespace py = pybind11;

namespace bsgrow {

// An epoch is one 32-bit word of the counter; past it the stream would repeat itself.
void require_epoch_fits(const char* name, uint64_t num_samples, uint64_t position) {
  if (position / num_samples <= UINT32_MAX) return;
  throw py::value_error(std::string(name) + ": position " + std::to_string(position) +
                        " lies beyond epoch 2**32 of " + std::to_string(num_samples) + " samples");
}

int to_num_threads(py::handle value) {
  return static_cast<int>(to_integer(value, "num_threads", 1, kMaxThreads));
}

Positions to_positions(uint64_t num_samples, py::handle seed, py::handle shuffle, py::handle start,
                       py::handle stop) {
  const uint64_t first = to_integer(start, "start", 0, UINT64_MAX);
  const uint64_t last = to_integer(stop, "stop", first, UINT64_MAX);
  if (first < last) require_epoch_fits("stop", num_samples, last - 1);
  const SampleStream stream{num_samples, to_integer(seed, "seed", 0, UINT64_MAX),
                            to_flag(shuffle, "shuffle")};
  return {stream, first, last};
}

}  // namespace bsgrow
