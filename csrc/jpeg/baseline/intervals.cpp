#include "jpeg/baseline/intervals.h"

#include <algorithm>
#include <cstring>

namespace bsgrow {
namespace {

constexpr uint8_t kMarker = 0xFF;
constexpr uint8_t kFirstRestart = 0xD0;
constexpr int kNumRestarts = 8;

// The next 0xFF, or the end.
const uint8_t* find(const uint8_t* from, const uint8_t* end) {
  const void* const found = std::memchr(from, kMarker, end - from);
  return found ? static_cast<const uint8_t*>(found) : end;
}

// A byte 0xFF of the data has a zero behind it.
bool is_stuffed(const uint8_t* at, const uint8_t* end) { return end - at > 1 && at[1] == 0; }

}  // namespace

Bits Intervals::take() {
  const int64_t most = end_ - next_ + Bits::kSlack;
  if (static_cast<int64_t>(bytes_.size()) < most) bytes_.resize(most);
  uint8_t* out = bytes_.data();
  for (;;) {
    const uint8_t* const found = find(next_, end_);
    out = std::copy(next_, found, out);
    next_ = found;
    if (!is_stuffed(found, end_)) break;
    *out++ = kMarker;
    next_ += 2;
  }
  return {bytes_.data(), out};
}

void Intervals::pass() {
  next_ = find(next_, end_);
  while (is_stuffed(next_, end_)) next_ = find(next_ + 2, end_);
}

bool Intervals::restart() {
  if (end_ - next_ < 2 || next_[0] != kMarker) return false;
  if (next_[1] != kFirstRestart + number_++ % kNumRestarts) return false;
  next_ += 2;
  return true;
}

}  // namespace bsgrow
