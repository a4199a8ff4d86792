#include "bindings/arguments.h"
#include "bindings/image_operations.h"
#include "bindings/released_gil.h"
#include "bsgrow/resized_crop.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

constexpr ArrayType kSizes{"lq", "int64 [n, 2] (height, width), contiguous", 2, false};
constexpr ArrayType kIndices{"lq", "int64 [n], contiguous", 1, false};
constexpr ArrayType kWindows{"i", "int32 [n, 5] (top, left, height, width, flipped), contiguous", 2,
                             true};
constexpr double kLargestLogRatio = 700;  // e to it is still a number

Array to_indices(py::handle value, const char* name, const ArrayType& type, int64_t largest) {
  Array array = to_array(value, name, type);
  array.require_contiguous();
  const auto* const values = static_cast<const int64_t*>(array.info.ptr);
  for (int64_t i = 0; i < array.info.size; ++i) {
    if (values[i] < 0 || values[i] > largest) {
      array.reject("got " + std::to_string(values[i]) + " where 0 to " + std::to_string(largest) +
                   " is allowed");
    }
  }
  return array;
}

void to_range(const std::pair<double, double>& value, const char* name, double lowest,
              double highest, double (&range)[2]) {
  if (!(lowest <= value.first && value.first <= value.second && value.second <= highest)) {
    throw py::value_error(std::string(name) + ": expected two numbers from " +
                          std::to_string(lowest) + " to " + std::to_string(highest) +
                          ", the smaller first, got " + std::to_string(value.first) + " and " +
                          std::to_string(value.second));
  }
  range[0] = value.first;
  range[1] = value.second;
}

ResizedCrop to_resized_crop(const CropWindowsArguments& arguments) {
  ResizedCrop crop;
  to_range(arguments.scale, "scale", 0x1p-1022, 1, crop.scale);
  to_range(arguments.ratio, "ratio", 0x1p-1000, 0x1p1000, crop.ratio);
  to_range(arguments.log_ratio, "log_ratio", -kLargestLogRatio, kLargestLogRatio, crop.log_ratio);
  return crop;
}

}  // namespace

void check_and_crop_windows(const CropWindowsArguments& arguments) {
  const Array sizes = to_indices(arguments.sizes, "sizes", kSizes, INT32_MAX);
  sizes.require_size(1, 2, "height and width");
  const int64_t count = sizes.size(0);
  const Array samples = to_indices(arguments.samples, "samples", kIndices, int64_t{UINT32_MAX});
  const Array epochs = to_indices(arguments.epochs, "epochs", kIndices, int64_t{UINT32_MAX});
  for (const Array* indices : {&samples, &epochs}) indices->require_size(0, count, "as in sizes");
  const uint64_t seed = to_integer(arguments.seed, "seed", 0, UINT64_MAX);
  const ResizedCrop crop = to_resized_crop(arguments);
  const bool flip = to_flag(arguments.flip, "flip");
  const Array out = to_array(arguments.out, "out", kWindows);
  out.require_size(0, count, "as in sizes");
  out.require_size(1, 5, "top, left, height, width, flipped");
  out.require_contiguous();
  for (const Array* other : {&sizes, &samples, &epochs}) require_disjoint(out, *other);
  const ReleasedGil released;
  crop_windows(crop, flip, seed, static_cast<const int64_t*>(sizes.info.ptr),
               static_cast<const int64_t*>(samples.info.ptr),
               static_cast<const int64_t*>(epochs.info.ptr), count,
               static_cast<CropWindow*>(out.info.ptr));
}

}  // namespace bsgrow
