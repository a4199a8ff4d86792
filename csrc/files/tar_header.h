#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bsgrow {

constexpr int64_t kTarBlock = 512;

// What one header of a tar says, where there is no doubt about it.
class TarHeader {
 public:
  explicit TarHeader(const uint8_t* block) : block_(block) {}

  // Whether its checksum is there in octal digits and is the sum of its bytes, all unsigned.
  bool is_intact() const;

  char kind() const { return static_cast<char>(block_[156]); }

  // In bytes; -1 where it is not in octal digits.
  int64_t size() const { return octal(124, 12); }

  // That of a ustar header has its prefix before it.
  void read_name(std::string* name) const;

 private:
  int64_t octal(int start, int length) const;
  std::string_view text(int start, int length) const;

  const uint8_t* const block_;
};

// What the headers of metadata say of the member after them.
struct TarOverrides {
  std::string name;      // empty: the header's
  int64_t size = -1;     // -1: the header's
  bool pending = false;  // whether there are any

  // Reads pax records; false where they are malformed, or say that the member is sparse.
  bool take(std::string_view records);
};

// Whether the records of all members are well formed and say nothing of where and what they are.
bool are_harmless(std::string_view records);

}  // namespace bsgrow
