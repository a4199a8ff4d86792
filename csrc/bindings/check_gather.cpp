#include <utility>

#include "bindings/operations.h"
#include "bindings/positions.h"
#include "bsgrow/gather.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

Array to_labels(py::handle value, const char* name, bool writable, uint64_t size,
                const char* meaning) {
  Array labels = to_array(value, name, {"lq", "int64, one an image, contiguous", 1, writable});
  labels.require_size(0, size, meaning);
  labels.require_contiguous();
  return labels;
}

Array to_images(py::handle value, const char* name, bool writable) {
  Array images =
      to_array(value, name, {"B", "uint8 [n, channels, height, width], C-contiguous", 4, writable});
  images.require_contiguous();
  return images;
}

}  // namespace

std::unique_ptr<PyTask> check_and_gather_async(const GatherArguments& arguments) {
  Array images = to_images(arguments.images, "images", false);
  if (images.info.size == 0) images.reject("got an empty array");
  const auto num_samples = static_cast<uint64_t>(images.size(0));
  const Positions positions =
      to_positions(num_samples, arguments.seed, arguments.shuffle, arguments.start, arguments.stop);
  Array labels = to_labels(arguments.labels, "labels", false, num_samples, "as in images");
  Array out_images = to_images(arguments.out_images, "out_images", true);
  out_images.require_size(0, positions.count(), "stop - start");
  for (int64_t dim = 1; dim < 4; ++dim) {
    out_images.require_size(dim, images.size(dim), "as in images");
  }
  Array out_labels =
      to_labels(arguments.out_labels, "out_labels", true, positions.count(), "stop - start");
  for (const Array* other : {&images, &labels, &out_labels}) {
    require_disjoint(out_images, *other);
    if (other != &out_labels) require_disjoint(out_labels, *other);
  }
  const int num_threads = to_num_threads(arguments.num_threads);
  const Gather gather{positions.stream,
                      positions.start,
                      positions.stop,
                      images.size(1) * images.size(2) * images.size(3),
                      static_cast<const uint8_t*>(images.info.ptr),
                      static_cast<const int64_t*>(labels.info.ptr),
                      static_cast<uint8_t*>(out_images.info.ptr),
                      static_cast<int64_t*>(out_labels.info.ptr)};
  std::vector<Array> arrays;
  for (Array* array : {&images, &labels, &out_images, &out_labels}) {
    arrays.push_back(std::move(*array));
  }
  return std::make_unique<PyTask>(std::move(arrays), gather_chunks(gather), num_threads);
}

}  // namespace bsgrow
