#pragma once

#include <cstdint>
#include <cstring>

#define BSGROW_ALWAYS_INLINE __attribute__((always_inline)) inline

namespace bsgrow {

// The bits of entropy-coded data from which stuffed bytes were taken, the highest of a byte first.
//
// Reads without asking whether there are any left: num_left says so afterwards, and must be asked
// before kSlack more bytes are read. Those have any value.
class Bits {
 public:
  static constexpr int64_t kSlack = 4096;  // bytes behind the end that may be read

  Bits() = default;
  Bits(const uint8_t* begin, const uint8_t* end) : next_(begin), end_(end) {}

  // Makes 56 bits ready at least.
  BSGROW_ALWAYS_INLINE void refill() {
    uint64_t word;
    std::memcpy(&word, next_, sizeof word);
    bits_ |= __builtin_bswap64(word) >> count_;
    next_ += (63 - count_) >> 3;
    count_ |= 56;
  }
  BSGROW_ALWAYS_INLINE int num_ready() const { return count_; }
  BSGROW_ALWAYS_INLINE uint32_t peek(int count) const {
    return static_cast<uint32_t>(bits_ >> (64 - count));
  }
  BSGROW_ALWAYS_INLINE void consume(int count) {
    bits_ <<= count;
    count_ -= count;
  }

  // The number of so many bits, 1 at least: those whose first is 0 are negative (T.81, F.2.2.1).
  BSGROW_ALWAYS_INLINE int take_number(int count) {
    const int number = static_cast<int>(peek(count));
    consume(count);
    return number < 1 << (count - 1) ? number - (1 << count) + 1 : number;
  }

  // Below zero where more were read than there are.
  BSGROW_ALWAYS_INLINE int64_t num_left() const { return 8 * (end_ - next_) + count_; }

 private:
  uint64_t bits_ = 0;
  const uint8_t* next_ = nullptr;
  const uint8_t* end_ = nullptr;
  int count_ = 0;
};

}  // namespace bsgrow
