#include "bsgrow/tar_index.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "files/tar_header.h"
#include "files/window.h"

namespace bsgrow {
namespace {

constexpr int64_t kMostHeaders = 1 << 12;
constexpr int64_t kMostBytesRead = 1 << 26;
constexpr int64_t kMostMetadata = 1 << 12;  // in one header; Python counts what is more
constexpr int kMostParts = 1 << 10;         // of one sample; so has bsgrow.data.tar.samples
constexpr int64_t kMostLabelBytes = 32;
constexpr int64_t kMostClasses = 1 << 20;
constexpr std::string_view kBlank = " \t\n\r\v\f";
constexpr uint8_t kZeros[kTarBlock] = {};

enum class Role { kImage, kLabel, kOther, kDoubtful };

bool is_one_of(char c, std::string_view kinds) { return kinds.find(c) != std::string_view::npos; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Whether a text is `lowered` but for the case of its letters.
bool is(std::string_view text, std::string_view lowered) {
  return text.size() == lowered.size() && std::equal(text.begin(), text.end(), lowered.begin(),
                                                     [](char a, char b) { return lower(a) == b; });
}

// That of an image or a label with more than one extension its neighbours decide.
Role role_of(std::string_view extension) {
  const size_t dot = extension.rfind('.');
  const bool is_dotted = dot != std::string_view::npos;
  const std::string_view last = is_dotted ? extension.substr(dot + 1) : extension;
  for (const char* const image : {"jpg", "jpeg", "png", "webp"}) {
    if (is(last, image)) return is_dotted ? Role::kDoubtful : Role::kImage;
  }
  if (is(last, "cls")) return is_dotted ? Role::kDoubtful : Role::kLabel;
  return Role::kOther;
}

// Where the key ends, at the first dot of the last part of the path; 0: there is none.
size_t key_length(std::string_view name) {
  const size_t slash = name.rfind('/');
  const size_t base = slash == std::string_view::npos ? 0 : slash + 1;
  const size_t dot = name.find('.', base);
  return dot == std::string_view::npos || dot == base ? 0 : dot;
}

// The number in a label, or -1.
int64_t parse_label(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return -1;
  int64_t value = 0;
  for (const char c : text.substr(first, text.find_last_not_of(kBlank) + 1 - first)) {
    if (c < '0' || c > '9') return -1;
    value = std::min(10 * value + (c - '0'), kMostClasses);
  }
  return value < kMostClasses ? value : -1;
}

// Members with the same key, one after the other.
struct Group {
  std::string key;
  std::string image_name;
  int64_t start = 0;  // of its first header
  int64_t image_offset = 0, image_length = 0, label = 0;
  int num_parts = 0, num_images = 0, num_labels = 0;

  bool is_sample() const { return num_images == 1 && num_labels == 1 && label >= 0; }
};

class Indexer {
 public:
  Indexer(int descriptor, int64_t file_bytes, int64_t position)
      : window_(descriptor), file_bytes_(file_bytes), position_(position), start_(position) {}

  TarRun run() {
    const int64_t begin = position_;
    bool goes_on = true;
    for (int64_t headers = 0; goes_on && has_budget(headers); ++headers) goes_on = take_header();
    run_.position = group_.num_parts ? group_.start : start_;
    run_.is_odd = !goes_on || run_.position == begin;
    return std::move(run_);
  }

 private:
  bool has_budget(int64_t headers) const {
    return headers < kMostHeaders && window_.bytes_read() < kMostBytesRead;
  }

  // Each takes something, or returns false where it is the end or anything but beyond doubt.
  bool take_header();
  bool take_metadata(char kind, int64_t content, int64_t size);
  bool take_file(int64_t content, int64_t size);
  bool take_part(Role role, int64_t content, int64_t size);
  bool take_end();
  bool close_group();

  Window window_;
  const int64_t file_bytes_;
  int64_t position_;  // of the next header
  int64_t start_;     // of the first header of the next member: of its metadata, if it has any
  TarOverrides overrides_;
  std::string name_;
  Group group_;
  TarRun run_{};
};

bool Indexer::take_header() {
  const uint8_t* const block = window_.at(position_, kTarBlock);
  if (!block) return false;
  if (std::memcmp(block, kZeros, kTarBlock) == 0) return take_end();
  const TarHeader header(block);
  const char kind = header.kind();
  const bool is_metadata = is_one_of(kind, "LKgxX");
  const int64_t said = header.size();
  const int64_t size = is_metadata || overrides_.size < 0 ? said : overrides_.size;
  if (said < 0 || !is_one_of(kind, {"LKgxX507\0DV", 11}) || !header.is_intact()) return false;
  const int64_t content = position_ + kTarBlock, follows = kind == '5' ? 0 : size;
  if (follows > file_bytes_ - content) return false;
  header.read_name(&name_);
  if (is_metadata && !take_metadata(kind, content, size)) return false;
  if (is_one_of(kind, {"07\0", 3}) && !take_file(content, size)) return false;
  position_ = content + (follows + kTarBlock - 1) / kTarBlock * kTarBlock;
  if (is_metadata && overrides_.pending) return true;
  overrides_ = {};
  start_ = position_;
  return true;
}

bool Indexer::take_metadata(char kind, int64_t content, int64_t size) {
  if (size > kMostMetadata) return false;
  overrides_.pending = overrides_.pending || kind != 'g';
  if (kind == 'K') return true;
  const uint8_t* const bytes = window_.at(content, size);
  if (!bytes) return false;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (kind == 'g') return are_harmless(text);
  if (kind != 'L') return overrides_.take(text);
  overrides_.name = text.substr(0, text.find('\0'));
  return true;
}

bool Indexer::take_file(int64_t content, int64_t size) {
  if (!overrides_.name.empty()) name_ = overrides_.name;
  const size_t key = key_length(name_);
  const bool is_named = key && name_.back() != '/';
  if (!is_named) return false;
  const Role role = role_of(std::string_view(name_).substr(key + 1));
  const bool is_same = group_.num_parts && name_.compare(0, key, group_.key) == 0;
  if (!is_same) {
    if (!close_group()) return false;
    group_.start = start_;
    group_.key.assign(name_, 0, key);
  }
  return role != Role::kDoubtful && take_part(role, content, size);
}

bool Indexer::take_part(Role role, int64_t content, int64_t size) {
  if (role == Role::kImage) {
    group_.image_name = name_;
    group_.image_offset = content;
    group_.image_length = size;
    ++group_.num_images;
  }
  if (role == Role::kLabel) {
    const uint8_t* const text = size <= kMostLabelBytes ? window_.at(content, size) : nullptr;
    if (!text) return false;
    group_.label = parse_label({reinterpret_cast<const char*>(text), static_cast<size_t>(size)});
    ++group_.num_labels;
  }
  return ++group_.num_parts <= kMostParts;
}

bool Indexer::take_end() {
  if (!overrides_.pending) close_group();
  return false;
}

bool Indexer::close_group() {
  if (group_.num_parts && !group_.is_sample()) return false;
  if (group_.num_parts) {
    run_.names += group_.image_name;
    run_.name_ends.push_back(static_cast<int64_t>(run_.names.size()));
    run_.offsets.push_back(group_.image_offset);
    run_.lengths.push_back(group_.image_length);
    run_.labels.push_back(group_.label);
  }
  group_.num_parts = group_.num_images = group_.num_labels = 0;
  return true;
}

}  // namespace

TarRun index_tar(int descriptor, int64_t file_bytes, int64_t position) {
  return Indexer(descriptor, file_bytes, position).run();
}

}  // namespace bsgrow
