#pragma once

#include <cstdint>

namespace bsgrow {

// Samples that lie side by side, or where those of the output or of a gradient do.
struct NormSamples {
  int64_t count;
  int64_t num_channels;
  int64_t num_values;    // of a channel of a sample
  const float* x;        // [count, num_channels, num_values], or [count, num_values, num_channels]
  const float* of_y;     // likewise, the gradient of the output; null in a forward pass
  const float* centres;  // [num_channels]
};

// Adds, channel by channel, u and u * v, where v is x - centre, and u is v or the gradient of the
// output. In double precision, where differences and products of floats are exact.
using AddMoments = void (*)(const NormSamples& samples, double* moments);  // [2, num_channels]

// Writes scale * (x - centre) + offset, and adds to it of_y_scale times the gradient of the output.
struct NormLine {
  const float* scale;  // [num_channels] each
  const float* offset;
  const float* of_y_scale;
};
using WriteLine = void (*)(const NormSamples& samples, const NormLine& line, float* out);

}  // namespace bsgrow
