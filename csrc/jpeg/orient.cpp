#include "jpeg/orient.h"

#include <cstring>

namespace bsgrow {

namespace {

Rectangle transposed(const Rectangle& rectangle) {
  return {rectangle.left, rectangle.top, rectangle.width, rectangle.height};
}

// Counted from the other ends of what is reversed.
Rectangle reversed(const Orientation& orientation, Rectangle stored, int64_t stored_height,
                   int64_t stored_width) {
  if (orientation.rows_reversed) stored.top = stored_height - stored.top - stored.height;
  if (orientation.columns_reversed) stored.left = stored_width - stored.left - stored.width;
  return stored;
}

}  // namespace

Rectangle to_stored(const Orientation& orientation, const Rectangle& shown, int64_t stored_height,
                    int64_t stored_width) {
  const Rectangle turned = orientation.transposed ? transposed(shown) : shown;
  return reversed(orientation, turned, stored_height, stored_width);
}

Rectangle to_shown(const Orientation& orientation, const Rectangle& stored, int64_t stored_height,
                   int64_t stored_width) {
  const Rectangle turned = reversed(orientation, stored, stored_height, stored_width);
  return orientation.transposed ? transposed(turned) : turned;
}

void orient(const Orientation& orientation, const Rectangle& shown, const uint8_t* stored,
            uint8_t* out) {
  const int64_t height = orientation.transposed ? shown.width : shown.height;
  const int64_t width = orientation.transposed ? shown.height : shown.width;
  for (int64_t y = 0; y < shown.height; ++y) {
    for (int64_t x = 0; x < shown.width; ++x, out += 3) {
      int64_t row = orientation.transposed ? x : y;
      int64_t column = orientation.transposed ? y : x;
      if (orientation.rows_reversed) row = height - 1 - row;
      if (orientation.columns_reversed) column = width - 1 - column;
      std::memcpy(out, stored + 3 * (row * width + column), 3);
    }
  }
}

}  // namespace bsgrow
