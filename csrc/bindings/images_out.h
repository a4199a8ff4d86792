#pragma once

#include <pybind11/pybind11.h>

#include "bindings/arguments.h"
#include "bsgrow/resize.h"

namespace bsgrow {

// Where resized images go, and how they are normalised: checks that several operations share.

// float32 [channels], contiguous and finite.
Array to_per_channel(pybind11::handle value, const char* name, int64_t channels);

// Whether an image, dimensions [..., channels, height, width], is written with its channels last;
// an error where it is laid out in neither way.
bool is_channels_last(const Array& out);

DType dtype_of(const Array& out);

// The shape of the output, and resize, 0 or at least both its sides.
ResizedShape to_resized_shape(pybind11::handle resize, const Array& out);

}  // namespace bsgrow
