#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bsgrow {

// Checks shared by all operations. Each error names the argument, what it must be and what it is.

// An integer in [first, last]; TypeError where it is none, ValueError where it lies outside.
uint64_t to_integer(pybind11::handle value, const char* name, uint64_t first, uint64_t last);

// True or False, NumPy's too; TypeError for anything else, whether it counts as true or not.
bool to_flag(pybind11::handle value, const char* name);

// What an array must look like: formats are struct characters ("f", or "lq" for either).
struct ArrayType {
  const char* formats;
  const char* description;
  int64_t num_dims;
  bool writable;
};

// A view of an array argument; it keeps the memory alive and where it is until destroyed.
struct Array {
  std::string name;
  pybind11::buffer_info info;
  const char* description;
  std::shared_ptr<void> owner{};  // of memory that the view itself does not hold

  char format() const { return info.format.back(); }
  int64_t size(int64_t dim) const { return info.shape[dim]; }

  // Raises unless the dimension has this size; meaning says where the size comes from.
  void require_size(int64_t dim, uint64_t size, const char* meaning) const;

  // Whether the dimensions, listed from slowest to fastest, are laid out without gaps.
  bool is_dense(const std::vector<int64_t>& dims) const;

  // Raises unless the array is C-contiguous.
  void require_contiguous() const;

  [[noreturn]] void reject(const std::string& problem) const;
};

// Raises unless the view is of this type.
Array require_type(Array array, const ArrayType& type);

Array to_array(pybind11::handle value, const char* name, const ArrayType& type);

// Raises where two arrays share memory and one of them is written.
void require_disjoint(const Array& written, const Array& other);

}  // namespace bsgrow
