#include <limits>

#include "bindings/arguments.h"
#include "bindings/file_operations.h"
#include "bindings/positions.h"
#include "bindings/released_gil.h"
#include "bsgrow/file_lengths.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

void require_ends(const Array& ends, const Array& joined) {
  const auto* const values = static_cast<const int64_t*>(ends.info.ptr);
  int64_t last = 0;
  for (int64_t i = 0; i < ends.size(0); ++i) {
    if (values[i] < last) ends.reject("got ends that do not ascend from 0");
    last = values[i];
  }
  if (last > joined.size(0)) ends.reject("got an end behind that of joined");
}

}  // namespace

void check_and_read_file_lengths(const FileLengthsArguments& arguments) {
  const auto most = static_cast<uint64_t>(std::numeric_limits<int>::max());
  const auto folder = static_cast<int>(to_integer(arguments.folder, "folder", 0, most));
  const Array joined = to_array(arguments.joined, "joined", {"B", "bytes", 1, false});
  const Array ends = to_array(arguments.ends, "ends", {"lq", "int64 [n], contiguous", 1, false});
  const Array out = to_array(arguments.out, "out", {"lq", "int64 [n], contiguous", 1, true});
  for (const Array* const array : {&joined, &ends, &out}) array->require_contiguous();
  out.require_size(0, ends.size(0), "as many as ends");
  require_disjoint(out, ends);
  require_ends(ends, joined);
  const int threads = to_num_threads(arguments.num_threads);
  const Paths paths{static_cast<const char*>(joined.info.ptr),
                    static_cast<const int64_t*>(ends.info.ptr), ends.size(0)};
  const ReleasedGil released;
  read_file_lengths(folder, paths, threads, static_cast<int64_t*>(out.info.ptr));
}

}  // namespace bsgrow
