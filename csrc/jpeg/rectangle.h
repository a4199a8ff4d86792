#pragma once

#include <cstdint>

namespace bsgrow {

// Of an image, in pixels.
struct Rectangle {
  int64_t top;
  int64_t left;
  int64_t height;
  int64_t width;
};

}  // namespace bsgrow
