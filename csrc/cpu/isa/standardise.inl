// Batch norm: see cpu/norm_samples.h. What is added in which order does not depend on the vectors.

constexpr int64_t kDoubles = kLanes / 2;  // in a vector
using Doubles = double __attribute__((vector_size(kLanes * 4)));

BSGROW_INLINE void load_doubles(Doubles& doubles, const float* from) {
#if defined(BSGROW_AVX512)
  doubles = (Doubles)_mm512_cvtps_pd(_mm256_loadu_ps(from));
#elif defined(BSGROW_AVX2)
  doubles = (Doubles)_mm256_cvtps_pd(_mm_loadu_ps(from));
#else
  float __attribute__((vector_size(kLanes * 2))) floats;
  load(floats, from);
  doubles = __builtin_convertvector(floats, Doubles);
#endif
}

// The sum of values of a run of one channel is that of 16 lanes and of what is left over.
constexpr int64_t kNormLanes = 16;
constexpr int64_t kNormParts = kNormLanes / kDoubles;

template <bool kBackward>
struct Moments {
  Doubles first[kNormParts] = {};
  Doubles second[kNormParts] = {};

  BSGROW_INLINE void add(const float* x, const float* of_y, const Doubles& centres, int64_t part) {
    Doubles v, u;
    load_doubles(v, x + part * kDoubles);
    v -= centres;
    u = v;
    if (kBackward) load_doubles(u, of_y + part * kDoubles);
    first[part] += u;
    second[part] += u * v;
  }
};

BSGROW_INLINE double sum_lanes(Doubles* parts) {
  for (int64_t num_parts = kNormParts / 2; num_parts > 0; num_parts /= 2) {
    for (int64_t part = 0; part < num_parts; ++part) parts[part] += parts[part + num_parts];
  }
  double lanes[kDoubles];
  store(lanes, parts[0]);
  for (int64_t half = kDoubles / 2; half > 0; half /= 2) {
    for (int64_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

template <bool kBackward>
BSGROW_INLINE void add_run(const float* x, const float* of_y, int64_t length, double centre,
                           double* first, double* second) {
  const int64_t whole = length / kNormLanes * kNormLanes;
  if (whole > 0) {
    Moments<kBackward> moments;
    const Doubles centres = Doubles{} + centre;
    for (int64_t i = 0; i < whole; i += kNormLanes) {
      for (int64_t part = 0; part < kNormParts; ++part) {
        moments.add(x + i, kBackward ? of_y + i : nullptr, centres, part);
      }
    }
    *first += sum_lanes(moments.first);
    *second += sum_lanes(moments.second);
  }
  for (int64_t i = whole; i < length; ++i) {
    const double v = x[i] - centre;
    const double u = kBackward ? of_y[i] : v;
    *first += u;
    *second += u * v;
  }
}

template <bool kBackward>
void add_moments_of_planes(const NormSamples& samples, double* moments) {
  const int64_t length = samples.num_values;
  const float* x = samples.x;
  const float* of_y = samples.of_y;
  for (int64_t n = 0; n < samples.count; ++n) {
    for (int64_t c = 0; c < samples.num_channels; ++c) {
      add_run<kBackward>(x, of_y, length, samples.centres[c], moments + c,
                         moments + samples.num_channels + c);
      x += length;
      if (kBackward) of_y += length;
    }
  }
}

// While the first channels are done, so that memory is read in its order: those that follow lie in
// other cache lines of the same rows.
constexpr int64_t kRowsAhead = 16;

template <bool kBackward>
BSGROW_INLINE void ask_for_row(const NormSamples& samples, int64_t row) {
  constexpr int64_t kStep = kCacheLine / sizeof(float);
  const int64_t first = row * samples.num_channels;
  for (int64_t c = 0; c < samples.num_channels; c += kStep) {
    __builtin_prefetch(samples.x + first + c);
    if (kBackward) __builtin_prefetch(samples.of_y + first + c);
  }
}

// Channels [c, c + kParts * kDoubles) of all rows.
template <bool kBackward, int64_t kParts>
BSGROW_INLINE void add_block(const NormSamples& samples, int64_t c, double* moments) {
  const int64_t num_channels = samples.num_channels;
  const int64_t num_rows = samples.count * samples.num_values;
  Doubles centres[kParts];
  Moments<kBackward> sums;
  for (int64_t part = 0; part < kParts; ++part) {
    load_doubles(centres[part], samples.centres + c + part * kDoubles);
    load(sums.first[part], moments + c + part * kDoubles);
    load(sums.second[part], moments + num_channels + c + part * kDoubles);
  }
  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t at = row * num_channels + c;
    if (c == 0) ask_for_row<kBackward>(samples, row + kRowsAhead);
    for (int64_t part = 0; part < kParts; ++part) {
      sums.add(samples.x + at, kBackward ? samples.of_y + at : nullptr, centres[part], part);
    }
  }
  for (int64_t part = 0; part < kParts; ++part) {
    store(moments + c + part * kDoubles, sums.first[part]);
    store(moments + num_channels + c + part * kDoubles, sums.second[part]);
  }
}

template <bool kBackward>
BSGROW_INLINE void add_channel(const NormSamples& samples, int64_t c, double* moments) {
  const int64_t num_channels = samples.num_channels;
  const int64_t num_rows = samples.count * samples.num_values;
  double first = moments[c];
  double second = moments[num_channels + c];
  for (int64_t row = 0; row < num_rows; ++row) {
    const double v = samples.x[row * num_channels + c] - double{samples.centres[c]};
    const double u = kBackward ? samples.of_y[row * num_channels + c] : v;
    first += u;
    second += u * v;
  }
  moments[c] = first;
  moments[num_channels + c] = second;
}

template <bool kBackward>
void add_moments_of_rows(const NormSamples& samples, double* moments) {
  int64_t c = 0;
  for (; c + kNormLanes <= samples.num_channels; c += kNormLanes) {
    add_block<kBackward, kNormParts>(samples, c, moments);
  }
  for (; c + kDoubles <= samples.num_channels; c += kDoubles) {
    add_block<kBackward, 1>(samples, c, moments);
  }
  for (; c < samples.num_channels; ++c) add_channel<kBackward>(samples, c, moments);
}

// One value or a vector of them, as they stand in registers.
template <bool kBackward, typename Value>
BSGROW_INLINE void line_at(const float* x, const float* of_y, const Value& centre,
                           const Value& scale, const Value& offset, const Value& of_y_scale,
                           float* out) {
  Value value, gradient;
  load(value, x);
  value = (value - centre) * scale + offset;
  if (kBackward) {
    load(gradient, of_y);
    value += gradient * of_y_scale;
  }
  store(out, value);
}

template <bool kBackward>
void write_planes(const NormSamples& samples, const NormLine& line, float* out) {
  const int64_t length = samples.num_values;
  const float* x = samples.x;
  const float* of_y = samples.of_y;
  for (int64_t n = 0; n < samples.count; ++n) {
    for (int64_t c = 0; c < samples.num_channels; ++c) {
      const float centre = samples.centres[c], scale = line.scale[c], offset = line.offset[c];
      const float of_y_scale = kBackward ? line.of_y_scale[c] : 0.0f;
      const Floats centres = Floats{} + centre, scales = Floats{} + scale;
      const Floats offsets = Floats{} + offset, of_y_scales = Floats{} + of_y_scale;
      sweep<kLanes>(
          length,
          [&](int64_t i) BSGROW_INLINE_LAMBDA {
            line_at<kBackward, Floats>(x + i, of_y + (kBackward ? i : 0), centres, scales, offsets,
                                       of_y_scales, out + i);
          },
          [&](int64_t i) BSGROW_INLINE_LAMBDA {
            line_at<kBackward, float>(x + i, of_y + (kBackward ? i : 0), centre, scale, offset,
                                      of_y_scale, out + i);
          });
      x += length;
      out += length;
      if (kBackward) of_y += length;
    }
  }
}

template <bool kBackward>
void write_rows(const NormSamples& samples, const NormLine& line, float* out) {
  const int64_t num_rows = samples.count * samples.num_values;
  const int64_t length = samples.num_channels;
  const float* x = samples.x;
  const float* of_y = samples.of_y;
  const auto write = [&](int64_t c, auto value) BSGROW_INLINE_LAMBDA {
    decltype(value) centre, scale, offset, of_y_scale;
    load(centre, samples.centres + c);
    load(scale, line.scale + c);
    load(offset, line.offset + c);
    load(of_y_scale, line.of_y_scale + c);
    line_at<kBackward>(x + c, of_y + (kBackward ? c : 0), centre, scale, offset, of_y_scale,
                       out + c);
  };
  for (int64_t row = 0; row < num_rows; ++row) {
    sweep<kLanes>(
        length, [&](int64_t c) BSGROW_INLINE_LAMBDA { write(c, Floats{}); },
        [&](int64_t c) BSGROW_INLINE_LAMBDA { write(c, 0.0f); });
    x += length;
    out += length;
    if (kBackward) of_y += length;
  }
}
