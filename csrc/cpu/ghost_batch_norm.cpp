#include "bsgrow/ghost_batch_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "bsgrow/thread_pool.h"
#include "cpu/kernels.h"

namespace bsgrow {
namespace {

constexpr int64_t kPieceValues = int64_t{32} << 10;   // of x, in the second cache with all else
constexpr int64_t kThreadValues = int64_t{32} << 10;  // fewer are done before a thread wakes

// A pass over all groups: moments of each piece of a group, what follows from them, and a line
// through the values of each channel. Pieces are as large whatever the number of threads.
struct Pass {
  const NormShape shape;
  const float* const x;
  const float* const of_y;
  float* const out;
  const bool by_rows = shape.channels_last || shape.num_values == 1;
  const int64_t num_groups = shape.num_groups();
  const int64_t piece_size = std::clamp<int64_t>(
      kPieceValues / std::max<int64_t>(shape.sample_size(), 1), 1, shape.group_size);
  const int64_t pieces_per_group = (shape.group_size + piece_size - 1) / piece_size;
  const Kernels& kernels = best_kernels();
  std::vector<double> moments =
      std::vector<double>(num_groups * pieces_per_group * 2 * shape.num_channels);
  std::vector<float> lines = std::vector<float>(num_groups * 4 * shape.num_channels);

  double* moments_of(int64_t group, int64_t piece) {
    return moments.data() + (group * pieces_per_group + piece) * 2 * shape.num_channels;
  }
  float* centres_of(int64_t group) { return lines.data() + group * 4 * shape.num_channels; }
  NormLine line_of(int64_t group) {
    const float* const scale = centres_of(group) + shape.num_channels;
    return {scale, scale + shape.num_channels, scale + 2 * shape.num_channels};
  }
  void set_line(int64_t group, int64_t channel, double scale, double offset, double of_y_scale) {
    float* const line = centres_of(group) + shape.num_channels + channel;
    line[0] = static_cast<float>(scale);
    line[shape.num_channels] = static_cast<float>(offset);
    line[2 * shape.num_channels] = static_cast<float>(of_y_scale);
  }

  int64_t samples_of(int64_t group) const {
    return std::min(shape.group_size, shape.num_samples - group * shape.group_size);
  }
  double values_of(int64_t group) const {
    return static_cast<double>(samples_of(group) * shape.num_values);
  }
  int64_t first_value(int64_t group) const {
    return group * shape.group_size * shape.sample_size();
  }

  NormSamples samples_of(int64_t group, int64_t piece) {
    const int64_t first = piece * piece_size;
    const int64_t at = first_value(group) + first * shape.sample_size();
    const int64_t count = std::min(piece_size, samples_of(group) - first);
    return {std::max<int64_t>(count, 0), shape.num_channels, shape.num_values, x + at,
            of_y ? of_y + at : nullptr,  centres_of(group)};
  }

  void add(int64_t group, int64_t piece) {
    const NormSamples samples = samples_of(group, piece);
    if (samples.count > 0) {
      kernels.add_moments[of_y != nullptr][by_rows](samples, moments_of(group, piece));
    }
  }

  void write(int64_t group, int64_t piece) {
    const NormSamples samples = samples_of(group, piece);
    if (out && samples.count > 0) {
      kernels.write_line[of_y != nullptr][by_rows](samples, line_of(group), out + (samples.x - x));
    }
  }

  // Sums the moments of all pieces into those of the first.
  double* gather(int64_t group) {
    double* const sums = moments_of(group, 0);
    for (int64_t piece = 1; piece < pieces_per_group; ++piece) {
      const double* const others = moments_of(group, piece);
      for (int64_t i = 0; i < 2 * shape.num_channels; ++i) sums[i] += others[i];
    }
    return sums;
  }

  // What was read last is written first: it is still in a cache.
  template <typename Finish>
  void do_group(int64_t group, const Finish& finish) {
    for (int64_t piece = 0; piece < pieces_per_group; ++piece) add(group, piece);
    finish(group);
    for (int64_t piece = pieces_per_group; piece-- > 0;) write(group, piece);
  }

  template <typename Finish>
  void run(int num_threads, const Finish& finish) {
    const int64_t num_values = shape.num_samples * shape.sample_size();
    const auto threads =
        static_cast<int>(std::min<int64_t>(num_threads, num_values / kThreadValues));
    if (threads <= 1 || num_groups >= 2 * threads) {
      return parallel_for(num_groups, threads, [&](int64_t g, int) { do_group(g, finish); });
    }
    const int64_t num_pieces = num_groups * pieces_per_group;
    parallel_for(num_pieces, threads,
                 [&](int64_t i, int) { add(i / pieces_per_group, i % pieces_per_group); });
    for (int64_t group = 0; group < num_groups; ++group) finish(group);
    parallel_for(num_pieces, threads,
                 [&](int64_t i, int) { write(i / pieces_per_group, i % pieces_per_group); });
  }
};

double* statistic_of(double* statistics, const NormShape& shape, Statistic which, int64_t group) {
  return statistics + (which * shape.num_groups() + group) * shape.num_channels;
}

// The variance is that about the first value, less what the mean is off it. As that is a value of
// the group, it is at most sqrt(n) deviations from the mean: what cancels are n of 2^53 parts.
void finish_forward(Pass& pass, const GhostForward& call, int64_t group) {
  const double num_values = pass.values_of(group);
  double* const moments = pass.gather(group);
  float* const centres = pass.centres_of(group);
  double* const means = statistic_of(call.statistics, pass.shape, kMean, group);
  double* const variances = statistic_of(call.statistics, pass.shape, kVariance, group);
  double* const inverses = statistic_of(call.statistics, pass.shape, kInverseStd, group);
  for (int64_t c = 0; c < pass.shape.num_channels; ++c) {
    const double off = moments[c] / num_values;
    const double about_mean = moments[pass.shape.num_channels + c] - off * moments[c];
    const double squares = about_mean < 0 ? 0 : about_mean;  // NaN stays
    means[c] = centres[c] + off;
    variances[c] = num_values > 1 ? squares / (num_values - 1) : 0;
    inverses[c] = 1 / std::sqrt(squares / num_values + call.eps);
    const double scale = (call.weight ? call.weight[c] : 1.0) * inverses[c];
    centres[c] = static_cast<float>(means[c]);
    pass.set_line(group, c, scale,
                  (call.bias ? call.bias[c] : 0.0) - (means[c] - centres[c]) * scale, 0);
  }
}

void add_sums(const Pass& pass, const GhostForward& call) {
  const int64_t num_channels = pass.shape.num_channels;
  for (int64_t group = 0; group < pass.num_groups; ++group) {
    if (pass.values_of(group) < 2) continue;
    const auto num_samples = static_cast<double>(pass.samples_of(group));
    const double* const means = statistic_of(call.statistics, pass.shape, kMean, group);
    const double* const variances = statistic_of(call.statistics, pass.shape, kVariance, group);
    for (int64_t c = 0; c < num_channels; ++c) {
      call.sums[c] += num_samples * means[c];
      call.sums[num_channels + c] += num_samples * variances[c];
      call.sums[2 * num_channels + c] += num_samples;
    }
  }
}

// Leaves the group's gradients of bias and weight in place of its moments.
void finish_backward(Pass& pass, const GhostBackward& call, const double* means,
                     const double* inverses, int64_t group) {
  const double num_values = pass.values_of(group);
  const int64_t num_channels = pass.shape.num_channels;
  double* const moments = pass.gather(group);
  for (int64_t c = 0; c < num_channels; ++c) {
    const double rest = means[c] - pass.centres_of(group)[c];
    const double sum = moments[c];
    double& of_weight = moments[num_channels + c];
    of_weight = (of_weight - rest * sum) * inverses[c];
    const double of_y_scale =
        num_values > 1 ? (call.weight ? call.weight[c] : 1.0) * inverses[c] : 0;
    const double scale = -of_y_scale * of_weight * inverses[c] / num_values;
    pass.set_line(group, c, scale, -of_y_scale * sum / num_values - rest * scale, of_y_scale);
  }
}

void write_of_parameters(Pass& pass, const GhostBackward& call) {
  const int64_t num_channels = pass.shape.num_channels;
  std::vector<double> sums(2 * num_channels);
  for (int64_t group = 0; group < pass.num_groups; ++group) {
    const double* const own = pass.moments_of(group, 0);
    for (int64_t i = 0; i < 2 * num_channels; ++i) sums[i] += own[i];
  }
  for (int64_t c = 0; c < num_channels; ++c) {
    if (call.of_bias) call.of_bias[c] = static_cast<float>(sums[c]);
    if (call.of_weight) call.of_weight[c] = static_cast<float>(sums[num_channels + c]);
  }
}

}  // namespace

void ghost_forward(const GhostForward& call, int num_threads) {
  const NormShape& shape = call.shape;
  Pass pass{shape, call.x, nullptr, call.y};
  const int64_t stride = pass.by_rows ? 1 : shape.num_values;
  for (int64_t group = 0; group < pass.num_groups; ++group) {
    const float* const first = call.x + pass.first_value(group);
    for (int64_t c = 0; c < shape.num_channels; ++c) pass.centres_of(group)[c] = first[c * stride];
  }
  pass.run(num_threads, [&](int64_t group) { finish_forward(pass, call, group); });
  if (call.sums) add_sums(pass, call);
}

void ghost_backward(const GhostBackward& call, int num_threads) {
  const NormShape& shape = call.shape;
  Pass pass{shape, call.x, call.of_y, call.of_x};
  const double* const means = call.statistics + kMean * pass.num_groups * shape.num_channels;
  const double* const inverses =
      call.statistics + kInverseStd * pass.num_groups * shape.num_channels;
  for (int64_t i = 0; i < pass.num_groups * shape.num_channels; ++i) {
    pass.centres_of(i / shape.num_channels)[i % shape.num_channels] = static_cast<float>(means[i]);
  }
  pass.run(num_threads, [&](int64_t group) {
    finish_backward(pass, call, means + group * shape.num_channels,
                    inverses + group * shape.num_channels, group);
  });
  write_of_parameters(pass, call);
}

}  // namespace bsgrow
