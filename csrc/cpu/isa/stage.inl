// Gather, pad and flip, in bytes: see StageRows in cpu/stage.h.

template <bool kFlipped>
BSGROW_INLINE void copy_row(const uint8_t* in, uint8_t* out, int64_t width) {
  const auto block = [=](int64_t x) BSGROW_INLINE_LAMBDA {
    Bytes bytes;
    load(bytes, in + (kFlipped ? width - kBytes - x : x));
    if (kFlipped) reverse(bytes);
    store(out + x, bytes);
  };
  const auto single = [=](int64_t x)
                          BSGROW_INLINE_LAMBDA { out[x] = in[kFlipped ? width - 1 - x : x]; };
  sweep<kBytes>(width, block, single);
}

// Three channels side by side, from planes that lie plane bytes apart.
template <bool kFlipped>
BSGROW_INLINE void interleave_3(const uint8_t* __restrict in, int64_t plane,
                                uint8_t* __restrict out, int64_t width) {
  const auto single = [=](int64_t x) BSGROW_INLINE_LAMBDA {
    const int64_t from = kFlipped ? width - 1 - x : x;
    for (int c = 0; c < 3; ++c) out[3 * x + c] = in[c * plane + from];
  };
  const auto block = [=](int64_t first) BSGROW_INLINE_LAMBDA {
#pragma GCC unroll 1  // keeps the loop whole, so that it becomes shuffles
    for (int64_t x = 0; x < kBytes; ++x) single(first + x);
  };
  sweep<kBytes>(width, block, single);
}

// Any number of interleaved channels: one strided pass for each.
template <bool kFlipped>
BSGROW_INLINE void interleave(const uint8_t* in, int64_t plane, uint8_t* out, int64_t width,
                              int64_t group) {
  for (int64_t c = 0; c < group; ++c) {
    for (int64_t x = 0; x < width; ++x) {
      out[x * group + c] = in[c * plane + (kFlipped ? width - 1 - x : x)];
    }
  }
}

template <bool kFlipped>
BSGROW_INLINE void stage_row(const Stage& stage, const uint8_t* in, int64_t plane, uint8_t* out) {
  switch (stage.group()) {
    case 1:
      return copy_row<kFlipped>(in, out, stage.shape.width);
    case 3:
      return interleave_3<kFlipped>(in, plane, out, stage.shape.width);
    default:
      return interleave<kFlipped>(in, plane, out, stage.shape.width, stage.group());
  }
}

template <bool kFlipped>
BSGROW_INLINE void stage_rows(const Stage& stage, RowRange rows, const uint8_t* image,
                              uint8_t* scratch) {
  const int64_t width = stage.shape.width;
  const int64_t plane = stage.shape.height * width;
  const int64_t stride = stage.stride();
  const int64_t staged_plane = stage.plane_bytes();
  uint8_t* const inner = scratch + stage.pad * (stride + stage.group());
  for (int64_t p = 0; p < stage.num_planes(); ++p) {
    for (int64_t y = rows.first; y < rows.stop; ++y) {
      stage_row<kFlipped>(stage, image + p * plane + y * width, plane,
                          inner + p * staged_plane + y * stride);
    }
  }
}

void stage_any_rows(const Stage& stage, RowRange rows, bool flipped, const uint8_t* image,
                    uint8_t* scratch) {
  if (flipped) {
    stage_rows<true>(stage, rows, image, scratch);
  } else {
    stage_rows<false>(stage, rows, image, scratch);
  }
}
