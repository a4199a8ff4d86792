#pragma once

#include <pybind11/pybind11.h>

#include <utility>

namespace bsgrow {

// Check and dispatch for single images and their windows, as in operations.h.

struct CropWindowsArguments {
  pybind11::handle sizes, samples, epochs, seed;
  std::pair<double, double> scale, ratio, log_ratio;
  pybind11::handle flip, out;
};

void check_and_crop_windows(const CropWindowsArguments& arguments);

struct ResizePixelsArguments {
  pybind11::handle pixels, window, resize, scale, bias, out_image;
};

void check_and_resize_pixels(const ResizePixelsArguments& arguments);

// (height, width, baseline) as shown; ValueError says what is wrong with it.
pybind11::tuple check_and_read_jpeg_header(pybind11::handle encoded);

void bind_image_operations(pybind11::module_& module);

}  // namespace bsgrow
