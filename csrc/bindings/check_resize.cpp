#include "bindings/image_operations.h"
#include "bindings/images_out.h"
#include "bindings/released_gil.h"
#include "bsgrow/resized_crop.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

constexpr ArrayType kPixels{"B", "uint8 [height, width, 3], C-contiguous", 3, false};
constexpr ArrayType kWindow{"i", "int32 [5] (top, left, height, width, flipped), contiguous", 1,
                            false};
constexpr ArrayType kOutImage{
    "feH",
    "float32, float16 or bfloat16 (as uint16) [3, height, width], contiguous or channels last", 3,
    true};

Pixels cut(const Array& pixels, const Array& window, const CropWindow& cropped) {
  const int64_t height = pixels.size(0);
  const int64_t width = pixels.size(1);
  const bool inside = cropped.top >= 0 && cropped.left >= 0 && cropped.height > 0 &&
                      cropped.width > 0 && cropped.height <= height - cropped.top &&
                      cropped.width <= width - cropped.left;
  if (!inside) {
    window.reject("got one that does not lie in the image of " + std::to_string(height) + " x " +
                  std::to_string(width));
  }
  const auto* const first = static_cast<const uint8_t*>(pixels.info.ptr);
  return {first + 3 * (cropped.top * width + cropped.left), cropped.height, cropped.width,
          3 * width};
}

}  // namespace

void check_and_resize_pixels(const ResizePixelsArguments& arguments) {
  const Array pixels = to_array(arguments.pixels, "pixels", kPixels);
  pixels.require_size(2, 3, "red, green, blue");
  pixels.require_contiguous();
  const Array window = to_array(arguments.window, "window", kWindow);
  window.require_size(0, 5, "top, left, height, width, flipped");
  window.require_contiguous();
  const auto cropped = *static_cast<const CropWindow*>(window.info.ptr);
  const Pixels source = cut(pixels, window, cropped);
  const Array scale = to_per_channel(arguments.scale, "scale", 3);
  const Array bias = to_per_channel(arguments.bias, "bias", 3);
  const Array out = to_array(arguments.out_image, "out_image", kOutImage);
  out.require_size(0, 3, "red, green, blue");
  const ResizedShape shape = to_resized_shape(arguments.resize, out);
  const bool channels_last = is_channels_last(out);
  for (const Array* other : {&pixels, &window, &scale, &bias}) require_disjoint(out, *other);
  const int64_t times = channels_last ? shape.width : 1;
  const auto scales = tile(static_cast<const float*>(scale.info.ptr), times);
  const auto biases = tile(static_cast<const float*>(bias.info.ptr), times);
  const ImageOut image_out{dtype_of(out), channels_last, false,
                           scales.data(), biases.data(), out.info.ptr};
  const ReleasedGil released;
  resize_pixels(source, shape, cropped.flipped != 0, image_out);
}

}  // namespace bsgrow
