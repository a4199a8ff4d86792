#include "jpeg/baseline/huffman.h"

#include <algorithm>
#include <iterator>

namespace bsgrow {
namespace {

constexpr int kMostDcBits = 15;

// The number that the lowest bits stand for (T.81, F.2.2.1); no bits are 0.
int number_of(int bits, int count) {
  return count && bits < 1 << (count - 1) ? bits - (1 << count) + 1 : bits;
}

}  // namespace

template <bool kIsDc>
bool CoefficientTable<kIsDc>::is_of(const HuffmanCode& code) const {
  return is_built_ && std::equal(counts_, std::end(counts_), code.counts) &&
         std::equal(symbols_, std::end(symbols_), code.symbols);
}

template <bool kIsDc>
bool CoefficientTable<kIsDc>::build(const HuffmanCode& code) {
  if (is_of(code)) return true;
  std::copy_n(code.counts, std::size(counts_), counts_);
  std::copy_n(code.symbols, std::size(symbols_), symbols_);
  is_built_ = make_entries();
  if (is_built_ && !kIsDc) {
    for (uint32_t bits = 0; bits < 1 << kLookupBits; ++bits) add_second(bits);
  }
  return is_built_;
}

// Of single coefficients. Codes stand in the order of their lengths, each next to the one before;
// none is of ones alone (T.81, annex C).
template <bool kIsDc>
bool CoefficientTable<kIsDc>::make_entries() {
  std::fill_n(entries_, 1 << kLookupBits, Entry{});
  uint32_t next = 0;  // code, as one of the longest
  int num_symbols = 0;
  for (int length = 1; length <= kLongest; ++length) {
    const uint32_t step = 1u << (kLongest - length);
    offsets_[length] = num_symbols - static_cast<int32_t>(next / step);
    for (int i = 0; i < counts_[length]; ++i, next += step) {
      if (num_symbols == 256 || next + step >= 1u << kLongest) return false;
      const int symbol = symbols_[num_symbols++];
      if (kIsDc && symbol > kMostDcBits) return false;
      if (length <= kLookupBits) fill(next >> (kLongest - kLookupBits), length, symbol);
    }
    limits_[length] = next;
  }
  return true;
}

// Fills the entries of all bits that begin with a code.
template <bool kIsDc>
void CoefficientTable<kIsDc>::fill(uint32_t first, int length, int symbol) {
  const int num_free = kLookupBits - length;
  const int num_bits = symbol & 15;
  Entry* const entries = entries_ + first;
  if (num_bits > num_free) {
    const Entry entry{{static_cast<int16_t>(symbol), 0}, {0, 0}, {static_cast<uint8_t>(length), 0}};
    std::fill_n(entries, 1 << num_free, entry);
    return;
  }
  const int num_each = 1 << (num_free - num_bits);
  const auto advance = static_cast<uint8_t>(advance_of(symbol));
  const auto end = static_cast<uint8_t>(length + num_bits);
  for (int bits = 0; bits < 1 << num_bits; ++bits) {
    const auto value = static_cast<int16_t>(number_of(bits, num_bits));
    const Entry entry{{value, value}, {advance, 0}, {end, end}};
    std::fill_n(entries + bits * num_each, num_each, entry);
  }
}

// Behind an end of block another block begins.
template <bool kIsDc>
void CoefficientTable<kIsDc>::add_second(uint32_t bits) {
  constexpr uint32_t kMask = (1 << kLookupBits) - 1;
  Entry& entry = entries_[bits];
  if (!entry.advances[0] || entry.advances[0] == kEndOfBlock) return;
  const Entry& second = entries_[bits << entry.lengths[0] & kMask];
  const int length = entry.lengths[0] + second.lengths[0];
  if (!second.advances[0] || length > kLookupBits) return;
  entry.values[1] = second.values[0];
  entry.advances[1] = second.advances[0];
  entry.lengths[1] = static_cast<uint8_t>(length);
}

template <bool kIsDc>
int CoefficientTable<kIsDc>::find_symbol(uint32_t code) const {
  for (int length = kLookupBits + 1; length <= kLongest; ++length) {
    if (code >= limits_[length]) continue;
    const int place = offsets_[length] + static_cast<int32_t>(code >> (kLongest - length));
    return symbols_[place] | length << 8;
  }
  return -1;
}

template class CoefficientTable<true>;
template class CoefficientTable<false>;

}  // namespace bsgrow
