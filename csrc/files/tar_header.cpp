#include "files/tar_header.h"

#include <algorithm>
#include <cstring>

namespace bsgrow {
namespace {

constexpr int kChecksum = 148;
constexpr int kChecksumLength = 8;
constexpr std::string_view kSparse = "GNU.sparse.";

struct Record {
  std::string_view key, value;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Decimal digits alone, at least one and at most `most`; -1 for anything else.
int64_t decimal(std::string_view text, size_t most) {
  if (text.empty() || text.size() > most || !std::all_of(text.begin(), text.end(), is_digit)) {
    return -1;
  }
  int64_t value = 0;
  for (const char c : text) value = 10 * value + (c - '0');
  return value;
}

// Takes the first of records "length key=value\n" off; false where it is none.
bool take_record(std::string_view* records, Record* record) {
  const size_t space = records->find(' ');
  if (space == std::string_view::npos) return false;
  const int64_t length = decimal(records->substr(0, space), 7);
  const int64_t begin = static_cast<int64_t>(space) + 1;
  if (length <= begin || length > static_cast<int64_t>(records->size())) return false;
  std::string_view line = records->substr(begin, length - begin);
  if (line.back() != '\n') return false;
  line.remove_suffix(1);
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) return false;
  *record = {line.substr(0, equals), line.substr(equals + 1)};
  records->remove_prefix(length);
  return true;
}

bool is_sparse(std::string_view key) { return key.substr(0, kSparse.size()) == kSparse; }

}  // namespace

bool TarHeader::is_intact() const {
  int64_t sum = kChecksumLength * ' ';
  for (int i = 0; i < kChecksum; ++i) sum += block_[i];
  for (int i = kChecksum + kChecksumLength; i < kTarBlock; ++i) sum += block_[i];
  return sum == octal(kChecksum, kChecksumLength);
}

void TarHeader::read_name(std::string* name) const {
  name->clear();
  if (std::memcmp(block_ + 257, "ustar", 6) == 0) {
    const std::string_view prefix = text(345, 155);
    if (!prefix.empty()) name->append(prefix).push_back('/');
  }
  name->append(text(0, 100));
}

int64_t TarHeader::octal(int start, int length) const {
  std::string_view digits = text(start, length);
  digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
  digits = digits.substr(0, digits.find_last_not_of(' ') + 1);
  int64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '7') return -1;
    value = 8 * value + (c - '0');
  }
  return digits.empty() ? -1 : value;
}

std::string_view TarHeader::text(int start, int length) const {
  const char* const begin = reinterpret_cast<const char*>(block_) + start;
  return {begin, strnlen(begin, length)};
}

bool TarOverrides::take(std::string_view records) {
  Record record;
  while (!records.empty()) {
    if (!take_record(&records, &record) || is_sparse(record.key)) return false;
    if (record.key == "path") name = record.value;
    if (record.key == "size") {
      size = decimal(record.value, 18);
      if (size < 0 && !record.value.empty()) return false;
    }
  }
  return true;
}

bool are_harmless(std::string_view records) {
  Record record;
  while (!records.empty()) {
    if (!take_record(&records, &record)) return false;
    const bool says_where = record.key == "path" || record.key == "size" || is_sparse(record.key);
    if (says_where && !record.value.empty()) return false;
  }
  return true;
}

}  // namespace bsgrow
