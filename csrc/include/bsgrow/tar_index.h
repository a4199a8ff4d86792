#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bsgrow {

// Samples of a WebDataset tar that follow each other, each an array of int64 but for the names.
struct TarRun {
  std::string names;               // of the images, one after the other
  std::vector<int64_t> name_ends;  // where each ends in `names`
  std::vector<int64_t> offsets;    // of the images' content in the file
  std::vector<int64_t> lengths;
  std::vector<int64_t> labels;
  int64_t position;  // where the next sample begins, or what is none
  bool is_odd;       // whether that is for the reader in Python to say more of
};

// Indexes samples from `position` on, which is where a member begins, up to the first that is not
// beyond doubt: one image and one label of the same key, files with intact headers, beside others
// that have one extension. Of anything else, the end of the tar included, nothing is said but where
// it is: bsgrow.data.tar.samples decides, and has the rules for all of it.
//
// Stops after some thousand headers too, so that its caller can be interrupted.
TarRun index_tar(int descriptor, int64_t file_bytes, int64_t position);

}  // namespace bsgrow
