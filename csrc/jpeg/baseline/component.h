#pragma once

#include <vector>

#include "cpu/samples.h"
#include "jpeg/baseline/block.h"
#include "jpeg/baseline/plane.h"
#include "jpeg/baseline/units.h"

namespace bsgrow {

// One component of a frame: brightness, or one of two colours.
struct Component {
  BlockTables tables;
  const uint16_t* quantisation;  // [64] in natural order
  int64_t rows;                  // blocks of a unit
  int64_t columns;
  int64_t side;            // samples of a side of a block
  InverseDct inverse_dct;  // to blocks of that side; none where it is 1
  Plane plane;
  uint32_t last_dc;
};

// Those of a frame, of which a thread has one at a time; what libjpeg has read must outlive them.
class Components {
 public:
  // Returns whether all have codes.
  bool make(const jpeg_decompress_struct& info, const Frame& frame, const Units& units);

  Component* begin() { return components_.data(); }
  Component* end() { return components_.data() + components_.size(); }
  Component& operator[](int i) { return components_[i]; }

  // No block is known before the first of an interval.
  void restart();

 private:
  std::vector<Component> components_;
};

}  // namespace bsgrow
