#include "bindings/images_out.h"

#include <algorithm>
#include <cmath>

namespace py = pybind11;

namespace bsgrow {
namespace {

constexpr ArrayType kPerChannel{"f", "float32 [channels], contiguous and finite", 1, false};
constexpr int64_t kLargestSide = 1 << 20;

}  // namespace

Array to_per_channel(py::handle value, const char* name, int64_t channels) {
  Array array = to_array(value, name, kPerChannel);
  array.require_size(0, channels, "channels of images");
  array.require_contiguous();
  const auto* const values = static_cast<const float*>(array.info.ptr);
  if (!std::all_of(values, values + channels, [](float value) { return std::isfinite(value); })) {
    array.reject("got a value that is infinite or NaN");
  }
  return array;
}

bool is_channels_last(const Array& out) {
  const bool batched = out.info.ndim == 4;
  if (batched ? out.is_dense({0, 1, 2, 3}) : out.is_dense({0, 1, 2})) return false;
  if (batched ? out.is_dense({0, 2, 3, 1}) : out.is_dense({1, 2, 0})) return true;
  out.reject("got other strides");
}

DType dtype_of(const Array& out) {
  if (out.format() == 'f') return DType::kFloat32;
  return out.format() == 'e' ? DType::kFloat16 : DType::kBFloat16;
}

ResizedShape to_resized_shape(py::handle resize, const Array& out) {
  const int64_t height = out.size(out.info.ndim - 2);
  const int64_t width = out.size(out.info.ndim - 1);
  const int64_t larger = std::max(height, width);
  if (std::min(height, width) < 1 || larger > kLargestSide) {
    out.reject("got a side outside 1 to " + std::to_string(kLargestSide));
  }
  const auto shorter = static_cast<int64_t>(to_integer(resize, "resize", 0, kLargestSide));
  if (shorter > 0 && shorter < larger) {
    throw py::value_error("resize: expected 0 or at least the output's " + std::to_string(larger) +
                          ", got " + std::to_string(shorter));
  }
  return {height, width, shorter};
}

}  // namespace bsgrow
