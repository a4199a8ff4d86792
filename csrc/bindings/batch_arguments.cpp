#include "bindings/batch_arguments.h"

#include <algorithm>
#include <string>
#include <utility>

#include "bindings/images_out.h"
#include "bindings/positions.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

constexpr int64_t kLargestRow = 1 << 30;  // kernels count columns, and values of a row, in 32 bits

constexpr ArrayType kImages{"B", "uint8 [num_samples, channels, height, width], C-contiguous", 4,
                            false};
constexpr ArrayType kLabels{"lq", "int64 [num_samples], contiguous", 1, false};
constexpr ArrayType kOutImages{
    "feH",
    "float32, float16 or bfloat16 (as uint16) [stop - start, channels, height, width], "
    "contiguous or channels_last",
    4, true};
constexpr ArrayType kOutLabels{"lq", "int64 [stop - start], contiguous", 1, true};

Array to_images(const Import& import, py::handle value) {
  Array images = import(value, "images", kImages);
  images.require_contiguous();
  if (images.info.size == 0) images.reject("got an empty array");
  if (static_cast<uint64_t>(images.size(0)) > uint64_t{1} << 32) {
    images.reject("got more than 2**32 samples");
  }
  if (images.size(2) > kLargestRow || images.size(3) > kLargestRow / images.size(1)) {
    images.reject("got a side of more than 2**30 pixels, or a row of more than 2**30 values");
  }
  return images;
}

Array to_labels(const Import& import, py::handle value, const char* name, const ArrayType& type,
                uint64_t size, const char* meaning) {
  Array labels = import(value, name, type);
  labels.require_size(0, size, meaning);
  labels.require_contiguous();
  return labels;
}

Array to_out_images(const Import& import, py::handle value, uint64_t count, const Array& images) {
  Array out = import(value, "out_images", kOutImages);
  out.require_size(0, count, "stop - start");
  for (int64_t dim = 1; dim < 4; ++dim) {
    out.require_size(dim, images.size(dim), "as in images");
  }
  return out;
}

Padding to_padding(py::handle value) {
  const auto got = py::cast<std::string>(py::repr(value));
  const std::string problem = "padding: expected 'zero' or 'reflect', got " + got;
  if (!py::isinstance<py::str>(value)) throw py::type_error(problem);
  const auto padding = py::cast<std::string>(value);
  if (padding == "zero") return Padding::kZero;
  if (padding == "reflect") return Padding::kReflect;
  throw py::value_error(problem);
}

// The margins are below both sides, so that reflection has pixels to mirror and every crop has some
// to show.
Augment to_augment(const LoadBatchArguments& arguments, const Array& images) {
  const int64_t side = std::min(images.size(2), images.size(3));
  const uint64_t pad = to_integer(arguments.pad, "pad", 0, std::min<int64_t>(side - 1, 1 << 30));
  const uint64_t cutout =
      to_integer(arguments.cutout, "cutout", 0, std::min<int64_t>(side, 1 << 30));
  return {static_cast<uint32_t>(pad), to_padding(arguments.padding),
          to_flag(arguments.flip, "flip"), static_cast<uint32_t>(cutout)};
}

// Samples of the whole set; images holds them, or those of the positions alone.
uint64_t count_samples(const Array& images, Gathered gathered) {
  return gathered.num_samples ? gathered.num_samples : static_cast<uint64_t>(images.size(0));
}

}  // namespace

CheckedLoadBatch check_load_batch(const LoadBatchArguments& arguments, Gathered gathered,
                                  const Import& import) {
  Array images = to_images(import, arguments.images);
  const auto num_samples = count_samples(images, gathered);
  const Positions positions =
      to_positions(num_samples, arguments.seed, arguments.shuffle, arguments.start, arguments.stop);
  if (gathered.num_samples) images.require_size(0, positions.count(), "stop - start");
  Array labels =
      to_labels(import, arguments.labels, "labels", kLabels, images.size(0), "as in images");
  Array scale = to_per_channel(arguments.scale, "scale", images.size(1));
  Array bias = to_per_channel(arguments.bias, "bias", images.size(1));
  Array out_images = to_out_images(import, arguments.out_images, positions.count(), images);
  Array out_labels = to_labels(import, arguments.out_labels, "out_labels", kOutLabels,
                               positions.count(), "stop - start");
  for (const Array* other : {&images, &labels, &scale, &bias, &out_labels}) {
    require_disjoint(out_images, *other);
    if (other != &out_labels) require_disjoint(out_labels, *other);
  }
  const LoadBatch batch{positions.stream,
                        positions.start,
                        positions.stop,
                        to_augment(arguments, images),
                        {images.size(1), images.size(2), images.size(3)},
                        static_cast<const uint8_t*>(images.info.ptr),
                        static_cast<const int64_t*>(labels.info.ptr),
                        static_cast<const float*>(scale.info.ptr),
                        static_cast<const float*>(bias.info.ptr),
                        dtype_of(out_images),
                        is_channels_last(out_images),
                        out_images.info.ptr,
                        static_cast<int64_t*>(out_labels.info.ptr)};
  std::vector<Array> arrays;
  for (Array* array : {&images, &labels, &scale, &bias, &out_images, &out_labels}) {
    arrays.push_back(std::move(*array));
  }
  return {std::move(arrays), batch};
}

}  // namespace bsgrow
