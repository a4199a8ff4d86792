#pragma once

#include "jpeg/baseline/frame.h"
#include "jpeg/rectangle.h"

namespace bsgrow {

// [begin, end) of rows or columns of units (MCUs).
struct UnitRange {
  int64_t begin;
  int64_t end;

  int64_t size() const { return end - begin; }
  bool has(int64_t unit) const { return unit >= begin && unit < end; }
};

// The units that the pixels of a rectangle are made of.
struct Units {
  UnitRange rows;
  UnitRange columns;
};

Units units_of(const Frame& frame, const Rectangle& rectangle);

}  // namespace bsgrow
