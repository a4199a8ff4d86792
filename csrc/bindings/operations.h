#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "bindings/batch_arguments.h"
#include "bindings/task.h"

namespace bsgrow {

// Check and dispatch, one function for each operation: Python arguments in, kernels called with the
// GIL released. bsgrow/_native.pyi documents the arguments under the same names.

void check_and_order(pybind11::handle num_samples, pybind11::handle seed, pybind11::handle shuffle,
                     pybind11::handle start, pybind11::handle stop, pybind11::handle out);

void check_and_order_at(pybind11::handle num_samples, pybind11::handle seed,
                        pybind11::handle shuffle, pybind11::handle positions, pybind11::handle out);

void check_and_load_batch(const LoadBatchArguments& arguments, pybind11::handle num_threads);

std::unique_ptr<PyTask> check_and_load_batch_async(const LoadBatchArguments& arguments,
                                                   pybind11::handle num_threads);

struct GatherArguments {
  pybind11::handle images, labels, seed, start, stop, out_images, out_labels;
  pybind11::handle shuffle, num_threads;
};

std::unique_ptr<PyTask> check_and_gather_async(const GatherArguments& arguments);

void check_and_fill(pybind11::handle out, pybind11::handle chunk_bytes,
                    pybind11::handle num_threads);

pybind11::tuple check_and_philox(const pybind11::sequence& counter, const pybind11::sequence& key);

}  // namespace bsgrow
