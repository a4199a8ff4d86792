// Normalise and cast: see Convert in cpu/rows.h.

// Scale and bias of a plane: the same for every element, and kept in registers.
struct PlaneAffine {
  Floats scales;
  Floats biases;

  BSGROW_INLINE PlaneAffine(const float* scale, const float* bias) {
    for (int64_t i = 0; i < kLanes; ++i) {
      scales[i] = scale[0];
      biases[i] = bias[0];
    }
  }
  BSGROW_INLINE void apply(Floats& pixels, int64_t) const { pixels = pixels * scales + biases; }
  BSGROW_INLINE float apply_one(float pixel, int64_t) const {
    return pixel * scales[0] + biases[0];
  }
};

// Scale and bias of a row of interleaved channels: one for each element.
struct RowAffine {
  const float* scale;
  const float* bias;

  BSGROW_INLINE RowAffine(const float* scale, const float* bias) : scale(scale), bias(bias) {}
  BSGROW_INLINE void apply(Floats& pixels, int64_t x) const {
    Floats scales, biases;
    load(scales, scale + x);
    load(biases, bias + x);
    pixels = pixels * scales + biases;
  }
  BSGROW_INLINE float apply_one(float pixel, int64_t x) const { return pixel * scale[x] + bias[x]; }
};

template <bool kStreamed, typename Out, typename Affine>
BSGROW_INLINE void convert_row(const uint8_t* in, const Affine& affine, Out* out, int64_t length) {
  const auto block = [=, &affine](int64_t x) BSGROW_INLINE_LAMBDA {
    Floats pixels;
    load_pixels(pixels, in + x);
    affine.apply(pixels, x);
    put_rounded<kStreamed>(out + x, pixels);
  };
  const auto single = [=, &affine](int64_t x)
                          BSGROW_INLINE_LAMBDA { round_to(affine.apply_one(in[x], x), out[x]); };
  sweep<kLanes>(length, block, single);
}

template <bool kStreamed, typename Out, typename Affine>
BSGROW_INLINE void convert_each_row(const Rows& rows, const Affine& affine, Out* out) {
  const int64_t stride = rows.stride;
  const int64_t length = rows.length;
  for (int64_t y = 0; y < rows.count; ++y) {
    convert_row<kStreamed>(rows.first + y * stride, affine, out + y * length, length);
  }
}

// Whether every block of every row starts at a multiple of its own size.
template <typename Out>
BSGROW_INLINE bool fits_blocks(const Rows& rows, const void* out) {
  return rows.length % kLanes == 0 &&
         reinterpret_cast<uintptr_t>(out) % (kLanes * sizeof(Out)) == 0;
}

template <typename Out, typename Affine>
void convert_rows(const Rows& rows, const float* scale, const float* bias, void* out) {
  const Affine affine(scale, bias);
  if (rows.streamed && fits_blocks<Out>(rows, out)) {
    convert_each_row<true>(rows, affine, static_cast<Out*>(out));
  } else {
    convert_each_row<false>(rows, affine, static_cast<Out*>(out));
  }
}
