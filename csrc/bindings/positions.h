#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

#include "bsgrow/order.h"

namespace bsgrow {

constexpr uint64_t kMaxThreads = 1024;

int to_num_threads(pybind11::handle value);

// Raises where a position lies in no epoch that the stream has; name is the argument's.
void require_epoch_fits(const char* name, uint64_t num_samples, uint64_t position);

// Positions [start, stop) of a stream, checked.
struct Positions {
  SampleStream stream;
  uint64_t start;
  uint64_t stop;

  uint64_t count() const { return stop - start; }
};

Positions to_positions(uint64_t num_samples, pybind11::handle seed, pybind11::handle shuffle,
                       pybind11::handle start, pybind11::handle stop);

}  // namespace bsgrow
