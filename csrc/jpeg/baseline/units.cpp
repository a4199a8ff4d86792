#include "jpeg/baseline/units.h"

#include <algorithm>

namespace bsgrow {
namespace {

// Smooth upsampling of a colour at half size looks at the sample of the next pixel, no further.
constexpr int64_t kMargin = 1;

// Of pixels [begin, begin + count) of a side that is made of units.
UnitRange range_of(int64_t begin, int64_t count, int64_t shared, int64_t side, int64_t unit) {
  const int64_t margin = shared > 1 ? kMargin : 0;
  const int64_t first = std::max<int64_t>(begin - margin, 0);
  const int64_t last = std::min(begin + count + margin, side) - 1;
  return {first / unit, last / unit + 1};
}

}  // namespace

Units units_of(const Frame& frame, const Rectangle& rectangle) {
  return {range_of(rectangle.top, rectangle.height, frame.shared_rows(), frame.height,
                   frame.unit_height()),
          range_of(rectangle.left, rectangle.width, frame.shared_columns(), frame.width,
                   frame.unit_width())};
}

}  // namespace bsgrow
