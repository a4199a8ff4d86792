#include "bsgrow/list_images.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <string_view>

#include "bsgrow/thread_pool.h"

namespace bsgrow {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

Folder open_folder(int above, const std::string& name) {
  const int descriptor = openat(above, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  Folder folder(fdopendir(descriptor));
  if (!folder) close(descriptor);
  return folder;
}

// As os.DirEntry.is_dir has it: a link is what it leads to, and one that leads nowhere no folder.
bool is_folder(DIR* folder, const dirent& entry) {
  if (entry.d_type == DT_DIR) return true;
  if (entry.d_type != DT_LNK && entry.d_type != DT_UNKNOWN) return false;
  struct stat status;
  return fstatat(dirfd(folder), entry.d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

bool is_ascii(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return static_cast<uint8_t>(c) < 128; });
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool ends_in(std::string_view name, std::string_view ending) {
  return name.size() >= ending.size() && std::equal(ending.rbegin(), ending.rend(), name.rbegin(),
                                                    [](char a, char b) { return a == lower(b); });
}

// The names in a folder; false where it is odd.
bool read_names(int above, const std::string& name, std::vector<std::string>* names) {
  const Folder folder = open_folder(above, name);
  if (!folder) return false;
  for (;;) {
    errno = 0;
    const dirent* const entry = readdir(folder.get());
    if (!entry) return errno == 0;
    const std::string_view found(entry->d_name);
    if (found == "." || found == "..") continue;
    if (!is_ascii(found) || is_folder(folder.get(), *entry)) return false;
    names->emplace_back(found);
  }
}

ListedImages list_one(int above, const std::string& name, const std::vector<std::string>& endings) {
  ListedImages listed;
  std::vector<std::string> names;
  listed.is_odd = !read_names(above, name, &names);
  if (listed.is_odd) return listed;
  std::sort(names.begin(), names.end());
  for (const std::string& file : names) {
    const auto matches = [&](const std::string& ending) { return ends_in(file, ending); };
    if (std::any_of(endings.begin(), endings.end(), matches)) {
      listed.names.append(name).append("/").append(file);
      listed.ends.push_back(static_cast<int64_t>(listed.names.size()));
    } else if (file[0] != '.' && !listed.num_others++) {
      listed.first_other = file;
    }
  }
  return listed;
}

}  // namespace

std::vector<ListedImages> list_images(int folder, const std::vector<std::string>& names,
                                      const std::vector<std::string>& endings, int num_threads) {
  std::vector<ListedImages> listed(names.size());
  parallel_for(static_cast<int64_t>(names.size()), num_threads, [&](int64_t i, int) {
    try {
      listed[i] = list_one(folder, names[i], endings);
    } catch (const std::bad_alloc&) {  // Python finds out for itself, and says so
      listed[i] = {};
      listed[i].is_odd = true;
    }
  });
  return listed;
}

}  // namespace bsgrow
