#include "bsgrow/file_lengths.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "bsgrow/thread_pool.h"

namespace bsgrow {
namespace {

constexpr int64_t kPerChunk = 256;

int64_t length_of(int folder, const char* path, int64_t num_letters) {
  char text[PATH_MAX];
  if (num_letters >= PATH_MAX) return -1;  // so says the system too
  std::memcpy(text, path, num_letters);
  text[num_letters] = '\0';
  struct stat status;
  return fstatat(folder, text, &status, 0) == 0 ? static_cast<int64_t>(status.st_size) : -1;
}

}  // namespace

void read_file_lengths(int folder, const Paths& paths, int num_threads, int64_t* lengths) {
  const int64_t num_chunks = (paths.count + kPerChunk - 1) / kPerChunk;
  parallel_for(num_chunks, num_threads, [&](int64_t chunk, int) {
    const int64_t first = chunk * kPerChunk;
    const int64_t last = std::min(first + kPerChunk, paths.count);
    for (int64_t i = first; i < last; ++i) {
      const int64_t start = i ? paths.ends[i - 1] : 0;
      lengths[i] = length_of(folder, paths.joined + start, paths.ends[i] - start);
    }
  });
}

}  // namespace bsgrow
