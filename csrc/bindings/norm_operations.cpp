#include "bindings/norm_operations.h"

#include <stdexcept>
#include <string>

#include "bindings/released_gil.h"
#include "bsgrow/ghost_batch_norm.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

template <typename Item>
Item* to_pointer(const char* name, uintptr_t address) {
  if (address % sizeof(Item)) {
    throw py::value_error(std::string(name) + ": expected an address that is aligned to its items");
  }
  return reinterpret_cast<Item*>(address);
}

template <typename Item>
Item* to_memory(const char* name, uintptr_t address) {
  if (!address) throw py::value_error(std::string(name) + ": expected an address, got none");
  return to_pointer<Item>(name, address);
}

int64_t at_least_one(const char* name, int64_t number) {
  if (number >= 1) return number;
  throw py::value_error(std::string(name) + ": expected 1 or more, got " + std::to_string(number));
}

NormShape to_shape(int64_t num_samples, int64_t num_channels, int64_t num_values,
                   bool channels_last, int64_t group_size) {
  return {at_least_one("num_samples", num_samples), at_least_one("num_channels", num_channels),
          at_least_one("num_values", num_values), channels_last,
          at_least_one("group_size", group_size)};
}

void forward_from_python(int64_t num_samples, int64_t num_channels, int64_t num_values,
                         bool channels_last, int64_t group_size, int num_threads, double eps,
                         uintptr_t x, uintptr_t weight, uintptr_t bias, uintptr_t y,
                         uintptr_t statistics, uintptr_t sums) {
  const GhostForward call{
      to_shape(num_samples, num_channels, num_values, channels_last, group_size),
      eps,
      to_memory<const float>("x", x),
      to_pointer<const float>("weight", weight),
      to_pointer<const float>("bias", bias),
      to_memory<float>("y", y),
      to_memory<double>("statistics", statistics),
      to_pointer<double>("sums", sums)};
  const ReleasedGil released;
  ghost_forward(call, num_threads);
}

void backward_from_python(int64_t num_samples, int64_t num_channels, int64_t num_values,
                          bool channels_last, int64_t group_size, int num_threads, uintptr_t x,
                          uintptr_t of_y, uintptr_t weight, uintptr_t statistics, uintptr_t of_x,
                          uintptr_t of_weight, uintptr_t of_bias) {
  const GhostBackward call{
      to_shape(num_samples, num_channels, num_values, channels_last, group_size),
      to_memory<const float>("x", x),
      to_memory<const float>("of_y", of_y),
      to_pointer<const float>("weight", weight),
      to_memory<const double>("statistics", statistics),
      to_pointer<float>("of_x", of_x),
      to_pointer<float>("of_weight", of_weight),
      to_pointer<float>("of_bias", of_bias)};
  const ReleasedGil released;
  ghost_backward(call, num_threads);
}

}  // namespace

void bind_norm_operations(py::module_& module) {
  module.def("ghost_forward", &forward_from_python);
  module.def("ghost_backward", &backward_from_python);
}

}  // namespace bsgrow
