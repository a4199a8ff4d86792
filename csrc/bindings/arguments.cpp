#include "bindings/arguments.h"

#include <pybind11/stl.h>

#include <cstring>

namespace py = pybind11;

namespace bsgrow {
namespace {

std::string text_of(py::handle value) { return py::cast<std::string>(py::repr(value)); }

std::string shape_text(const py::buffer_info& info) {
  return text_of(py::tuple(py::cast(info.shape)));
}

int64_t span_bytes(const Array& array) { return array.info.size * array.info.itemsize; }

bool has_format(const py::buffer_info& info, const char* formats) {
  const bool native = info.format.size() == 1 || info.format[0] == '@' || info.format[0] == '=';
  return !info.format.empty() && native && std::strchr(formats, info.format.back());
}

// A view with odd strides or a shifted start cannot be read as whole items.
bool is_aligned(const py::buffer_info& info) {
  if (reinterpret_cast<uintptr_t>(info.ptr) % info.itemsize) return false;
  for (const auto stride : info.strides) {
    if (stride % info.itemsize) return false;
  }
  return true;
}

py::buffer_info request(py::handle value, const char* name, bool writable) {
  if (!PyObject_CheckBuffer(value.ptr())) {
    throw py::type_error(std::string(name) + ": expected an array, got " +
                         py::cast<std::string>(py::type::of(value).attr("__name__")));
  }
  try {
    return py::reinterpret_borrow<py::buffer>(value).request(writable);
  } catch (py::error_already_set& error) {
    throw py::value_error(std::string(name) + ": " + py::cast<std::string>(py::str(error.value())));
  }
}

}  // namespace

uint64_t to_integer(py::handle value, const char* name, uint64_t first, uint64_t last) {
  const auto integer = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!integer) {
    PyErr_Clear();
    throw py::type_error(std::string(name) + ": expected an integer, got " + text_of(value));
  }
  const uint64_t number = PyLong_AsUnsignedLongLong(integer.ptr());
  const bool outside = PyErr_Occurred() != nullptr;  // negative, or over 64 bits
  if (outside) PyErr_Clear();
  if (outside || number < first || number > last) {
    throw py::value_error(std::string(name) + ": expected an integer from " +
                          std::to_string(first) + " to " + std::to_string(last) + ", got " +
                          text_of(value));
  }
  return number;
}

bool to_flag(py::handle value, const char* name) {
  py::detail::make_caster<bool> flag;
  if (flag.load(value, /*convert=*/false)) return flag;
  throw py::type_error(std::string(name) + ": expected True or False, got " + text_of(value));
}

Array require_type(Array array, const ArrayType& type) {
  if (!has_format(array.info, type.formats)) {
    array.reject("got items of format '" + array.info.format + "'");
  }
  if (array.info.ndim != type.num_dims) array.reject("got shape " + shape_text(array.info));
  if (!is_aligned(array.info)) array.reject("got memory that is not aligned to its items");
  return array;
}

Array to_array(py::handle value, const char* name, const ArrayType& type) {
  return require_type({name, request(value, name, type.writable), type.description}, type);
}

void Array::reject(const std::string& problem) const {
  throw py::value_error(name + ": expected " + description + ", " + problem);
}

void Array::require_size(int64_t dim, uint64_t size, const char* meaning) const {
  if (static_cast<uint64_t>(info.shape[dim]) == size) return;
  reject("got shape " + shape_text(info) + " where dimension " + std::to_string(dim) + " must be " +
         std::to_string(size) + " (" + meaning + ")");
}

bool Array::is_dense(const std::vector<int64_t>& dims) const {
  if (info.size == 0) return true;
  int64_t expected = info.itemsize;
  for (auto dim = dims.rbegin(); dim != dims.rend(); ++dim) {
    if (info.shape[*dim] > 1 && info.strides[*dim] != expected) return false;
    expected *= info.shape[*dim];
  }
  return true;
}

void Array::require_contiguous() const {
  std::vector<int64_t> dims;
  for (int64_t dim = 0; dim < info.ndim; ++dim) dims.push_back(dim);
  if (!is_dense(dims)) reject("got strides " + text_of(py::tuple(py::cast(info.strides))));
}

void require_disjoint(const Array& written, const Array& other) {
  const char* const first = static_cast<const char*>(written.info.ptr);
  const char* const second = static_cast<const char*>(other.info.ptr);
  if (first < second + span_bytes(other) && second < first + span_bytes(written)) {
    throw py::value_error(written.name + ": must not share memory with " + other.name);
  }
}

}  // namespace bsgrow
