#pragma once

#include <cstdint>
#include <vector>

#include "jpeg/baseline/bits.h"

namespace bsgrow {

// The entropy-coded data of a scan, interval by interval: a scan without restarts is one.
class Intervals {
 public:
  Intervals(const uint8_t* begin, const uint8_t* end) : next_(begin), end_(end) {}

  // Takes the next interval; its bits are good until the one after. What lies behind it is left
  // from others: a unit that reads any of it reads too much, whatever that is.
  Bits take();

  // Passes over the next interval undecoded.
  void pass();

  // Goes behind the restart marker that follows. Returns whether it is there, the next in order.
  bool restart();

 private:
  const uint8_t* next_;
  const uint8_t* const end_;
  int number_ = 0;
  std::vector<uint8_t> bytes_;  // without what was stuffed
};

}  // namespace bsgrow
