#pragma once

#include <cstdint>

namespace bsgrow {

// Paths below a folder: one after the other in `joined`, each up to its end, without a zero byte.
struct Paths {
  const char* joined;
  const int64_t* ends;
  int64_t count;
};

// Writes the length of each file in bytes, links followed; -1 where there is none to be seen.
//
// Asks for several at once, as each waits for a disk or a network; returns when all are known.
void read_file_lengths(int folder, const Paths& paths, int num_threads, int64_t* lengths);

}  // namespace bsgrow
