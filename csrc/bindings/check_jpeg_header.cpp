#include <utility>

#include "bindings/arguments.h"
#include "bindings/image_operations.h"
#include "bindings/released_gil.h"
#include "bsgrow/jpeg_header.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

constexpr ArrayType kEncoded{"B", "bytes", 1, false};

const char* read_without_gil(const Array& encoded, JpegHeader* header) {
  const ReleasedGil released;  // the bytes may be a file's that is not in memory yet
  return read_jpeg_header({static_cast<const uint8_t*>(encoded.info.ptr), encoded.size(0)}, header);
}

}  // namespace

py::tuple check_and_read_jpeg_header(py::handle encoded) {
  const Array bytes = to_array(encoded, "encoded", kEncoded);
  bytes.require_contiguous();
  JpegHeader header;
  if (const char* const problem = read_without_gil(bytes, &header)) throw py::value_error(problem);
  if (header.orientation.transposed) std::swap(header.height, header.width);
  return py::make_tuple(header.height, header.width, header.baseline);
}

}  // namespace bsgrow
