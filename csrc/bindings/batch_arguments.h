#pragma once

#include <pybind11/pybind11.h>

#include <functional>
#include <vector>

#include "bindings/arguments.h"
#include "bsgrow/load_batch.h"

namespace bsgrow {

// What load_batch is called with, on the host and on devices.
struct LoadBatchArguments {
  pybind11::handle images, labels, seed, start, stop;
  pybind11::handle pad, padding, flip, cutout;
  pybind11::handle scale, bias, out_images, out_labels;
  pybind11::handle shuffle;
};

// Where images and labels are not the whole set but the samples of these positions, in order.
struct Gathered {
  uint64_t num_samples;  // of the whole set; 0 where it is whole
};

// The arrays keep alive what the batch points to.
struct CheckedLoadBatch {
  std::vector<Array> arrays;
  LoadBatch batch;
};

// How an argument becomes an array: of the host's memory, or of a device's.
using Import =
    std::function<Array(pybind11::handle value, const char* name, const ArrayType& type)>;

CheckedLoadBatch check_load_batch(const LoadBatchArguments& arguments, Gathered gathered,
                                  const Import& import);

}  // namespace bsgrow
