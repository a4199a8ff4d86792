#pragma once

#include <cstdint>

namespace bsgrow {

// Batch norm over groups of consecutive samples. No result depends on the number of threads, nor on
// what else is in the batch.

// float32 [num_samples, num_channels, num_values], or [num_samples, num_values, num_channels].
struct NormShape {
  int64_t num_samples;
  int64_t num_channels;
  int64_t num_values;  // of a channel of a sample
  bool channels_last;
  int64_t group_size;  // the last group may be short

  int64_t num_groups() const { return (num_samples + group_size - 1) / group_size; }
  int64_t sample_size() const { return num_channels * num_values; }
};

// Statistics of groups, float64 [3, num_groups, num_channels].
enum Statistic { kMean, kVariance, kInverseStd };  // unbiased; 1 / sqrt(biased + eps)

struct GhostForward {
  NormShape shape;
  double eps;
  const float* x;
  const float* weight;  // [num_channels], or null for ones
  const float* bias;    // [num_channels], or null for zeros
  float* y;
  double* statistics;
  // [3, num_channels], or null: mean, unbiased variance and one of each group, times its samples,
  // are added. A group of one value has no variance: it comes out as the bias, and is not added.
  double* sums;
};

struct GhostBackward {
  NormShape shape;
  const float* x;
  const float* of_y;  // the gradient of y
  const float* weight;
  const double* statistics;  // from the forward pass
  float* of_x;               // each of these is written, unless it is null
  float* of_weight;
  float* of_bias;
};

// Throw only std::bad_alloc and what instruction_set throws.
void ghost_forward(const GhostForward& call, int num_threads);
void ghost_backward(const GhostBackward& call, int num_threads);

}  // namespace bsgrow
