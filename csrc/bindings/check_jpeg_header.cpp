#include <algorithm>

#include "bindings/arguments.h"
#include "bindings/image_operations.h"
#include "bindings/released_gil.h"
#include "bsgrow/exif.h"
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
  const int num_ids = std::min(header.num_components, 4);
  const py::bytes ids(reinterpret_cast<const char*>(header.component_ids), num_ids);
  return py::make_tuple(header.height, header.width, header.orientation_tag, header.frame,
                        header.precision, header.num_components, ids, header.jfif,
                        header.adobe_transform, header.tidy);
}

bool check_and_find_jpeg_end(py::handle encoded) {
  const Array bytes = to_array(encoded, "encoded", kEncoded);
  bytes.require_contiguous();
  const ReleasedGil released;
  return has_jpeg_end({static_cast<const uint8_t*>(bytes.info.ptr), bytes.size(0)});
}

int check_and_read_orientation_tag(py::handle tiff) {
  const Array bytes = to_array(tiff, "tiff", kEncoded);
  bytes.require_contiguous();
  return read_orientation_tag(static_cast<const uint8_t*>(bytes.info.ptr), bytes.size(0));
}

}  // namespace bsgrow
