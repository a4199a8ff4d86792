#pragma once

#include <algorithm>

#include "jpeg/baseline/huffman.h"

namespace bsgrow {

// Where the next coefficient stands: in zigzag order, and behind a block in what is dropped.
struct NaturalOrder {
  uint8_t places[kEndOfBlock + kBlockSize + 16];
};

constexpr NaturalOrder make_natural_order() {
  NaturalOrder order{};
  int row = 0;
  int column = 0;
  for (int i = 0; i < kBlockSize; ++i) {
    order.places[i] = static_cast<uint8_t>(8 * row + column);
    const bool rises = (row + column) % 2 == 0;
    int& along = rises ? column : row;
    int& across = rises ? row : column;
    if (along == 7) {
      ++across;
    } else {
      ++along;
      if (across > 0) --across;
    }
  }
  for (int i = kBlockSize; i < kEndOfBlock + kBlockSize + 16; ++i) order.places[i] = kBlockSize;
  return order;
}

inline constexpr NaturalOrder kNaturalOrder = make_natural_order();

// The tables of one component.
struct BlockTables {
  const DcTable* dc;
  const AcTable* ac;
};

// The coefficients of a block in their natural order.
class alignas(32) Block {
 public:
  const int16_t* coefficients() const { return coefficients_; }

  BSGROW_ALWAYS_INLINE void clear() {
    using Vector = int16_t __attribute__((vector_size(16), may_alias));
    for (int i = 0; i < kBlockSize; i += 8)
      *reinterpret_cast<Vector*>(coefficients_ + i) = Vector{};
  }

  // What all samples are where the first coefficient is the only one: as the inverse DCT has it.
  uint8_t level(uint16_t step) const {
    const auto scaled = static_cast<int16_t>(static_cast<uint32_t>(coefficients_[0]) * step << 2);
    return static_cast<uint8_t>(std::clamp((scaled + 16) >> 5, -128, 127) + 128);
  }

  // Puts the coefficient before a position in the order of the scan.
  BSGROW_ALWAYS_INLINE void put_before(int position, int value) {
    coefficients_[kNaturalOrder.places[position - 1]] = static_cast<int16_t>(value);
  }

 private:
  int16_t coefficients_[2 * kBlockSize];  // the second half takes what is none
};

enum class Contents { kDamaged, kDcOnly, kWhole };

// Reads the AC coefficients of a block, and hands each to put with the position behind it; what
// lies beyond the block is none. Returns what there was.
template <typename Put>
BSGROW_ALWAYS_INLINE Contents read_ac(const AcTable& table, Bits* bits, const Put& put) {
  int position = 1;
  do {
    if (bits->num_ready() < AcTable::kLookupBits) bits->refill();
    const auto entry = table.look(*bits);
    if (__builtin_expect(entry.advances[0] == 0, 0)) {
      const auto [value, advance] = table.take_long(entry, bits);
      position += advance;
      if (!advance) return Contents::kDamaged;
      put(position, value);
      continue;
    }
    const int first = position + entry.advances[0];
    position = first + entry.advances[1];
    put(position, entry.values[1]);
    put(first, entry.values[0]);
    if (__builtin_expect(first >= kBlockSize && first <= kEndOfBlock, 0)) {
      // Behind the last coefficient another block begins, without an end of this one.
      bits->consume(entry.lengths[0]);
      return first == kBlockSize ? Contents::kWhole : Contents::kDamaged;
    }
    bits->consume(entry.lengths[1]);
  } while (position < kBlockSize);
  if (position > kBlockSize && position <= kEndOfBlock) return Contents::kDamaged;
  return position == kEndOfBlock + 1 ? Contents::kDcOnly : Contents::kWhole;
}

// Reads a block, whose DC coefficient is the difference to the one before. Whether the bits were
// there is not asked, see Bits.
BSGROW_ALWAYS_INLINE Contents read_block(const BlockTables& tables, Bits* bits, uint32_t* last_dc,
                                         Block* block) {
  bits->refill();
  const auto dc = tables.dc->take_first(tables.dc->look(*bits), bits);
  if (!dc.advance) return Contents::kDamaged;
  block->clear();
  block->put_before(1, static_cast<int>(*last_dc += static_cast<uint32_t>(dc.value)));
  return read_ac(*tables.ac, bits, [block](int position, int value) __attribute__((always_inline)) {
    block->put_before(position, value);
  });
}

// Goes behind a block. Returns whether the bits are one.
BSGROW_ALWAYS_INLINE bool skip_block(const BlockTables& tables, Bits* bits, uint32_t* last_dc) {
  bits->refill();
  const auto dc = tables.dc->take_first(tables.dc->look(*bits), bits);
  *last_dc += static_cast<uint32_t>(dc.value);
  return dc.advance && read_ac(*tables.ac, bits, [](int, int) {}) != Contents::kDamaged;
}

}  // namespace bsgrow
