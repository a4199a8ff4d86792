#pragma once

#include <cstdint>

#include "jpeg/baseline/bits.h"

namespace bsgrow {

constexpr int kBlockSize = 64;  // coefficients

// How far an end of block goes: beyond all coefficients, from wherever it stands.
constexpr int kEndOfBlock = 128;

// A Huffman code of T.81, annex C, as DHT segments have it.
struct HuffmanCode {
  const uint8_t* counts;   // [17] codes of each length in bits, from 1 on
  const uint8_t* symbols;  // [256] in the order of their codes
};

// What bits stand for: numbers and the zeros before them (T.81, F.1.2), by the bits that come next.
//
// Of two coefficients that are short enough together, as more than half of them are, one look says
// all. Of others it says the first, or but its symbol, or that the code is longer.
//
// Most is found by the first bits: so many of them that the tables of an image stay in L1.
template <bool kIsDc>
class CoefficientTable {
 public:
  static constexpr int kLookupBits = kIsDc ? 8 : 10;

  struct Entry {
    int16_t values[2];
    uint8_t advances[2];  // coefficients that end with each; 0 where there is none
    uint8_t lengths[2];   // in bits: of the first, or of its code alone, and of both
  };

  // Returns whether it is a code. What it is of already it is not made of again. Numbers of DC
  // stand without zeros before them.
  bool build(const HuffmanCode& code);

  // What the next kLookupBits bits say, which must be ready.
  BSGROW_ALWAYS_INLINE Entry look(const Bits& bits) const {
    return entries_[bits.peek(kLookupBits)];
  }

  struct Coefficient {
    int value;
    int advance;  // 0 where the bits are no code
  };

  // Takes one, which was looked up as first; kLookupBits bits must be ready.
  BSGROW_ALWAYS_INLINE Coefficient take_first(const Entry& entry, Bits* bits) const {
    if (__builtin_expect(entry.advances[0] != 0, 1)) {
      bits->consume(entry.lengths[0]);
      return {entry.values[0], entry.advances[0]};
    }
    return take_long(entry, bits);
  }

  // The same of one that is longer than what is looked up.
  BSGROW_ALWAYS_INLINE Coefficient take_long(const Entry& entry, Bits* bits) const {
    bits->refill();
    const bool has_symbol = entry.lengths[0] != 0;
    const int symbol = has_symbol ? entry.values[0] : find_symbol(bits->peek(kLongest));
    if (symbol < 0) return {0, 0};
    bits->consume(has_symbol ? entry.lengths[0] : symbol >> 8);
    const int num_bits = symbol & 15;
    return {num_bits ? bits->take_number(num_bits) : 0, advance_of(symbol & 255)};
  }

 private:
  static constexpr int kLongest = 16;
  static constexpr int kLongestRun = 15;

  // A run of sixteen zeros ends with one of no bits.
  int advance_of(int symbol) const {
    if (kIsDc) return 1;
    const bool is_end = (symbol & 15) == 0 && symbol >> 4 != kLongestRun;
    return is_end ? kEndOfBlock : (symbol >> 4) + 1;
  }

  bool is_of(const HuffmanCode& code) const;
  bool make_entries();
  void fill(uint32_t first, int length, int symbol);
  void add_second(uint32_t bits);
  // With its length in bits times 2^8; -1 where there is none.
  int find_symbol(uint32_t code) const;

  Entry entries_[1 << kLookupBits];
  uint32_t limits_[kLongest + 1];  // above the last code of each length, as one of the longest
  int32_t offsets_[kLongest + 1];  // from a code to the place of its symbol
  uint8_t counts_[kLongest + 1];
  uint8_t symbols_[256];
  bool is_built_ = false;
};

using DcTable = CoefficientTable<true>;
using AcTable = CoefficientTable<false>;

}  // namespace bsgrow
