#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <utility>
#include <vector>

#include "bindings/task.h"
#include "bsgrow/decode_batch.h"

namespace bsgrow {

// Check and dispatch for JPEGs. bsgrow/_native_jpeg.pyi documents the arguments under the same
// names.

struct DecodeBatchArguments {
  pybind11::handle encoded, windows, resize, scale, bias, out_images, max_pixels, scaled,
      by_libjpeg, num_threads;
};

// One (result, message) for each image: "decoded", "unsupported" or "failed", and why.
pybind11::list check_and_decode_batch(const DecodeBatchArguments& arguments);

// A task that decodes, with the statuses as they are when it ended.
class PyDecodeTask : public PyTask {
 public:
  using Statuses = std::vector<DecodeStatus>;

  PyDecodeTask(std::shared_ptr<const Statuses> statuses, std::vector<Array> arrays, Chunks chunks,
               int num_threads)
      : PyTask(std::move(arrays), std::move(chunks), num_threads), statuses_(std::move(statuses)) {}

  // Waits, as other threads write them.
  pybind11::list statuses();

 private:
  std::shared_ptr<const Statuses> statuses_;  // the chunks hold it too
};

std::unique_ptr<PyDecodeTask> check_and_decode_batch_async(const DecodeBatchArguments& arguments);

// The statuses alone; see decode_only_chunks.
pybind11::list check_and_decode_only(pybind11::handle encoded, pybind11::handle windows,
                                     pybind11::handle max_pixels, pybind11::handle by_libjpeg,
                                     pybind11::handle num_threads);

bool check_whether_whole(pybind11::handle encoded, pybind11::handle max_pixels);

// to_baseline or with_restarts.
using Transcode = std::vector<uint8_t> (*)(const EncodedImage& image, int64_t max_pixels,
                                           DecodeStatus* status);

// The bytes of a baseline JPEG; ValueError says what is wrong with the image.
pybind11::bytes check_and_transcode(Transcode transcode, pybind11::handle encoded,
                                    pybind11::handle max_pixels);

}  // namespace bsgrow
