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

// What bsgrow.images.jpeg.header.JpegHeader names; ValueError says what is wrong with it.
pybind11::tuple check_and_read_jpeg_header(pybind11::handle encoded);

bool check_and_find_jpeg_end(pybind11::handle encoded);

// 1 to 8, of a TIFF or of EXIF without its prefix.
int check_and_read_orientation_tag(pybind11::handle tiff);

void bind_image_operations(pybind11::module_& module);

}  // namespace bsgrow
