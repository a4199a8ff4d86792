#include "bindings/arguments.h"
#include "bindings/images_out.h"
#include "bindings/jpeg/operations.h"
#include "bindings/positions.h"
#include "bindings/released_gil.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

constexpr ArrayType kEncoded{"B", "bytes", 1, false};
constexpr ArrayType kWindows{"i", "int32 [n, 5] (top, left, height, width, flipped), contiguous", 2,
                             false};
constexpr ArrayType kOutImages{
    "feH",
    "float32, float16 or bfloat16 (as uint16) [n, 3, height, width], contiguous or channels_last",
    4, true};

// What is decoded and what for; it owns or keeps alive all that the batch points to.
struct CheckedDecodeBatch {
  std::vector<Array> arrays;
  std::vector<EncodedImage> images;
  DecodeBatch batch;
  int num_threads;
};

std::vector<Array> to_encoded(py::handle value) {
  if (!PySequence_Check(value.ptr()) || PyObject_CheckBuffer(value.ptr())) {
    throw py::type_error("encoded: expected a sequence of bytes, one for each image");
  }
  std::vector<Array> arrays;
  for (const py::handle item : py::reinterpret_borrow<py::sequence>(value)) {
    const std::string name = "encoded[" + std::to_string(arrays.size()) + "]";
    arrays.push_back(to_array(item, name.c_str(), kEncoded));
    arrays.back().require_contiguous();
  }
  return arrays;
}

Array to_windows(py::handle value, int64_t count) {
  Array windows = to_array(value, "windows", kWindows);
  windows.require_size(0, count, "as in encoded");
  windows.require_size(1, 5, "top, left, height, width, flipped");
  windows.require_contiguous();
  return windows;
}

Array to_out_images(py::handle value, int64_t count) {
  Array out = to_array(value, "out_images", kOutImages);
  out.require_size(0, count, "as in encoded");
  out.require_size(1, 3, "red, green, blue");
  return out;
}

std::vector<EncodedImage> images_of(const std::vector<Array>& encoded) {
  std::vector<EncodedImage> images;
  for (const Array& array : encoded) {
    images.push_back({static_cast<const uint8_t*>(array.info.ptr), array.size(0)});
  }
  return images;
}

int64_t to_max_pixels(py::handle value) {
  return static_cast<int64_t>(to_integer(value, "max_pixels", 1, INT64_MAX));
}

CheckedDecodeBatch check(const DecodeBatchArguments& arguments) {
  std::vector<Array> arrays = to_encoded(arguments.encoded);
  const auto count = static_cast<int64_t>(arrays.size());
  std::vector<EncodedImage> images = images_of(arrays);
  Array windows = to_windows(arguments.windows, count);
  Array scale = to_per_channel(arguments.scale, "scale", 3);
  Array bias = to_per_channel(arguments.bias, "bias", 3);
  Array out = to_out_images(arguments.out_images, count);
  const ResizedShape shape = to_resized_shape(arguments.resize, out);
  for (const Array& array : arrays) require_disjoint(out, array);
  for (const Array* other : {&windows, &scale, &bias}) require_disjoint(out, *other);
  const int64_t max_pixels = to_max_pixels(arguments.max_pixels);
  const bool scaled = to_flag(arguments.scaled, "scaled");
  const bool by_libjpeg = to_flag(arguments.by_libjpeg, "by_libjpeg");
  const int num_threads = to_num_threads(arguments.num_threads);
  const DecodeBatch batch{images.data(),
                          static_cast<const CropWindow*>(windows.info.ptr),
                          count,
                          shape,
                          static_cast<const float*>(scale.info.ptr),
                          static_cast<const float*>(bias.info.ptr),
                          dtype_of(out),
                          is_channels_last(out),
                          out.info.ptr,
                          max_pixels,
                          scaled,
                          by_libjpeg};
  for (Array* array : {&windows, &scale, &bias, &out}) arrays.push_back(std::move(*array));
  return {std::move(arrays), std::move(images), batch, num_threads};
}

const char* name_of(DecodeResult result) {
  if (result == DecodeResult::kDecoded) return "decoded";
  return result == DecodeResult::kUnsupported ? "unsupported" : "failed";
}

py::list to_list(const std::vector<DecodeStatus>& statuses) {
  py::list list;
  for (const DecodeStatus& status : statuses) {
    // libjpeg quotes bytes of the file in its messages.
    const auto text = py::reinterpret_steal<py::object>(
        PyUnicode_DecodeLatin1(status.message.data(), status.message.size(), nullptr));
    list.append(py::make_tuple(name_of(status.result), text));
  }
  return list;
}

}  // namespace

py::list check_and_decode_batch(const DecodeBatchArguments& arguments) {
  const CheckedDecodeBatch checked = check(arguments);
  std::vector<DecodeStatus> statuses(checked.images.size());
  {
    const ReleasedGil released;
    const Chunks chunks = decode_batch_chunks(checked.batch, statuses.data());
    parallel_for(chunks.count, checked.num_threads, chunks.body);
  }
  return to_list(statuses);
}

py::list PyDecodeTask::statuses() {
  wait();
  return to_list(*statuses_);
}

std::unique_ptr<PyDecodeTask> check_and_decode_batch_async(const DecodeBatchArguments& arguments) {
  CheckedDecodeBatch checked = check(arguments);
  const auto images = std::make_shared<const std::vector<EncodedImage>>(std::move(checked.images));
  const auto statuses = std::make_shared<std::vector<DecodeStatus>>(images->size());
  Chunks chunks = decode_batch_chunks(checked.batch, statuses->data());
  // The body owns what it reads and writes beyond the arrays.
  chunks.body = [statuses, images, body = std::move(chunks.body)](int64_t chunk, int slot) {
    body(chunk, slot);
  };
  return std::make_unique<PyDecodeTask>(statuses, std::move(checked.arrays), std::move(chunks),
                                        checked.num_threads);
}

py::list check_and_decode_only(py::handle encoded, py::handle windows, py::handle max_pixels,
                               py::handle by_libjpeg, py::handle num_threads) {
  const std::vector<Array> arrays = to_encoded(encoded);
  const std::vector<EncodedImage> images = images_of(arrays);
  const auto count = static_cast<int64_t>(images.size());
  const Array places = to_windows(windows, count);
  const int64_t limit = to_max_pixels(max_pixels);
  const bool all_by_libjpeg = to_flag(by_libjpeg, "by_libjpeg");
  const int threads = to_num_threads(num_threads);
  std::vector<DecodeStatus> statuses(images.size());
  {
    const ReleasedGil released;
    const Chunks chunks =
        decode_only_chunks(images.data(), static_cast<const CropWindow*>(places.info.ptr), count,
                           limit, all_by_libjpeg, statuses.data());
    parallel_for(chunks.count, threads, chunks.body);
  }
  return to_list(statuses);
}

bool check_whether_whole(py::handle encoded, py::handle max_pixels) {
  const Array array = to_array(encoded, "encoded", kEncoded);
  array.require_contiguous();
  const int64_t limit = to_max_pixels(max_pixels);
  const ReleasedGil released;
  return is_whole_jpeg({static_cast<const uint8_t*>(array.info.ptr), array.size(0)}, limit);
}

py::bytes check_and_transcode(Transcode transcode, py::handle encoded, py::handle max_pixels) {
  const Array array = to_array(encoded, "encoded", kEncoded);
  array.require_contiguous();
  const int64_t limit = to_max_pixels(max_pixels);
  DecodeStatus status;
  std::vector<uint8_t> bytes;
  {
    const ReleasedGil released;
    bytes = transcode({static_cast<const uint8_t*>(array.info.ptr), array.size(0)}, limit, &status);
  }
  if (status.result != DecodeResult::kDecoded) throw py::value_error(status.message);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace bsgrow
