#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bsgrow {

// The images in one folder, in the order of their bytes.
struct ListedImages {
  bool is_odd = false;        // whether nothing else is said, and the reader in Python has to look
  std::string names;          // with a prefix each, one after the other
  std::vector<int64_t> ends;  // of each in `names`
  int64_t num_others = 0;     // files that are neither hidden nor named as images are
  std::string first_other;    // of them, in order
};

// Lists the folders that are called so in a folder, several at once, and puts each one's name and a
// slash before those in it. A file is an image whose name, in lower case, ends in one of `endings`.
//
// Odd is a folder that cannot be listed, that holds folders, or names beyond ASCII, whose order is
// not that of their bytes.
std::vector<ListedImages> list_images(int folder, const std::vector<std::string>& names,
                                      const std::vector<std::string>& endings, int num_threads);

}  // namespace bsgrow
