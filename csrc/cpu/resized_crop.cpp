#include "bsgrow/resized_crop.h"

#include <cmath>

#include "bsgrow/augment.h"

namespace bsgrow {
namespace {

constexpr int kNumAttempts = 10;  // torchvision's

struct Size {
  int64_t height;
  int64_t width;
};

// Coefficients 1 / n! of the exponential, n = 0 to 13: what is left out is below 2^-57 of it.
constexpr double kInverseFactorials[] = {1.0,
                                         1.0,
                                         1.0 / 2,
                                         1.0 / 6,
                                         1.0 / 24,
                                         1.0 / 120,
                                         1.0 / 720,
                                         1.0 / 5040,
                                         1.0 / 40320,
                                         1.0 / 362880,
                                         1.0 / 3628800,
                                         1.0 / 39916800,
                                         1.0 / 479001600,
                                         1.0 / 6227020800};

// e^x for |x| <= 700, to one unit in the last place: x = k log 2 + r with |r| <= log(2) / 2, and a
// polynomial in r. The high part of log 2 ends in zeros, so that k times it is exact.
double exponential(double x) {
  const double k = std::nearbyint(x * 1.4426950408889634);
  const double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
  double sum = kInverseFactorials[13];
  for (int n = 12; n >= 0; --n) sum = sum * r + kInverseFactorials[n];
  return std::ldexp(sum, static_cast<int>(k));
}

double uniform(uint32_t word, const double (&range)[2]) {
  return range[0] + word * 0x1p-32 * (range[1] - range[0]);
}

bool draw_attempt(const ResizedCrop& crop, const Size& size, const PhiloxBlock& block,
                  CropWindow* window) {
  const double pixels = static_cast<double>(size.height) * static_cast<double>(size.width);
  const double area = pixels * uniform(block.words[0], crop.scale);
  const double ratio = exponential(uniform(block.words[1], crop.log_ratio));
  const double width = std::nearbyint(std::sqrt(area * ratio));
  const double height = std::nearbyint(std::sqrt(area / ratio));
  if (!(0 < width && width <= size.width && 0 < height && height <= size.height)) return false;
  window->height = static_cast<int32_t>(height);
  window->width = static_cast<int32_t>(width);
  window->top = bounded(block.words[2], static_cast<uint32_t>(size.height - window->height + 1));
  window->left = bounded(block.words[3], static_cast<uint32_t>(size.width - window->width + 1));
  return true;
}

// torchvision's fallback: as much of the middle as the ratio allows, of one pixel at least.
CropWindow centre_window(const ResizedCrop& crop, const Size& size) {
  const double height = size.height;
  const double width = size.width;
  double kept_height = height;
  double kept_width = width;
  if (width / height < crop.ratio[0]) {
    kept_height = std::fmax(std::nearbyint(width / crop.ratio[0]), 1);
  } else if (width / height > crop.ratio[1]) {
    kept_width = std::fmax(std::nearbyint(height * crop.ratio[1]), 1);
  }
  const auto rows = static_cast<int64_t>(kept_height);
  const auto columns = static_cast<int64_t>(kept_width);
  return {static_cast<int32_t>((size.height - rows) / 2),
          static_cast<int32_t>((size.width - columns) / 2), static_cast<int32_t>(rows),
          static_cast<int32_t>(columns), 0};
}

CropWindow draw_crop(const ResizedCrop& crop, const Size& size, uint64_t seed, uint32_t sample,
                     uint32_t epoch) {
  CropWindow window{};
  for (uint32_t attempt = 0; attempt < kNumAttempts; ++attempt) {
    const PhiloxBlock block = draw(seed, sample, epoch, resized_crop_operation(attempt));
    if (draw_attempt(crop, size, block, &window)) return window;
  }
  return centre_window(crop, size);
}

}  // namespace

void crop_windows(const ResizedCrop& crop, bool flip, uint64_t seed, const int64_t* sizes,
                  const int64_t* samples, const int64_t* epochs, int64_t count,
                  CropWindow* windows) noexcept {
  for (int64_t i = 0; i < count; ++i) {
    const Size size{sizes[2 * i], sizes[2 * i + 1]};
    windows[i] = {};
    if (size.height == 0 || size.width == 0) continue;
    const auto sample = static_cast<uint32_t>(samples[i]);
    const auto epoch = static_cast<uint32_t>(epochs[i]);
    windows[i] = draw_crop(crop, size, seed, sample, epoch);
    if (flip) windows[i].flipped = draw(seed, sample, epoch, Operation::kFlip).words[0] >> 31;
  }
}

}  // namespace bsgrow
