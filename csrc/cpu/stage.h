#pragma once

#include <cstdint>

#include "bsgrow/load_batch.h"

namespace bsgrow {

// A padded image in scratch memory, still bytes: [channels, height + 2 pad, width + 2 pad], or
// [height + 2 pad, width + 2 pad, channels] where the output is interleaved. Padding once makes
// every crop a plain rectangle. The margins start as zeros, and zero padding never writes them.
struct Stage {
  ImageShape shape;
  int64_t pad;
  Padding padding;
  bool interleaved;

  int64_t group() const { return interleaved ? shape.channels : 1; }  // bytes of a pixel in a row
  int64_t num_planes() const { return interleaved ? 1 : shape.channels; }
  int64_t num_rows() const { return shape.height + 2 * pad; }
  int64_t stride() const { return (shape.width + 2 * pad) * group(); }
  int64_t plane_bytes() const { return num_rows() * stride(); }
  int64_t num_bytes() const { return num_planes() * plane_bytes(); }
};

struct RowRange {
  int64_t first;
  int64_t stop;
};

// Copies rows of an image inside the margins, mirrored where flipped. One for each instruction set.
using StageRows = void (*)(const Stage& stage, RowRange rows, bool flipped, const uint8_t* image,
                           uint8_t* scratch);

// Lays out what window shows of an image and returns the window's first byte: rows of
// width * group() bytes, stride() apart, planes plane_bytes() apart.
const uint8_t* stage_window(const Stage& stage, StageRows stage_rows, const Window& window,
                            const uint8_t* image, uint8_t* scratch);

}  // namespace bsgrow
