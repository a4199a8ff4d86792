#pragma once

#include <cstdint>
#include <vector>

namespace bsgrow {

// A file read in ascending order: in large pieces where all of it is needed, else in small ones.
class Window {
 public:
  explicit Window(int descriptor) : descriptor_(descriptor) {}

  // Bytes [offset, offset + num_bytes), valid until the next call; null where they are not all
  // there or cannot be read.
  const uint8_t* at(int64_t offset, int64_t num_bytes);

  int64_t bytes_read() const { return bytes_read_; }

 private:
  bool fill(int64_t offset, int64_t num_bytes);
  int64_t next_size(int64_t offset) const;

  const int descriptor_;
  std::vector<uint8_t> bytes_;
  int64_t start_ = 0;
  int64_t size_ = 0;  // of what was read; bytes_ may be larger
  int64_t wanted_ = 0;
  int64_t bytes_read_ = 0;
};

}  // namespace bsgrow
