#include "files/window.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace bsgrow {
namespace {

constexpr int64_t kSmallest = 1 << 12;  // a small member and the header after it
constexpr int64_t kLargest = 1 << 18;
constexpr int64_t kSmallGap = 1 << 13;  // what is cheaper to read than to leave out

}  // namespace

const uint8_t* Window::at(int64_t offset, int64_t num_bytes) {
  const bool is_here = offset >= start_ && offset + num_bytes <= start_ + size_;
  if (!is_here && !fill(offset, num_bytes)) return nullptr;
  return bytes_.data() + (offset - start_);
}

bool Window::fill(int64_t offset, int64_t num_bytes) {
  wanted_ = next_size(offset);
  const int64_t most = std::max(wanted_, num_bytes);
  if (static_cast<int64_t>(bytes_.size()) < most) bytes_.resize(most);
  start_ = offset;
  size_ = 0;
  while (size_ < num_bytes) {
    const ssize_t got = pread(descriptor_, bytes_.data() + size_, most - size_, start_ + size_);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    size_ += got;
    bytes_read_ += got;
  }
  return true;
}

int64_t Window::next_size(int64_t offset) const {
  const int64_t gap = offset - (start_ + size_);
  return gap >= 0 && gap <= kSmallGap ? std::clamp(2 * wanted_, kSmallest, kLargest) : kSmallest;
}

}  // namespace bsgrow
