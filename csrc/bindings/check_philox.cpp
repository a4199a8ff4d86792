#include "bindings/arguments.h"
#include "bindings/operations.h"
#include "bsgrow/philox.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

void to_words(const py::sequence& values, const char* name, size_t count, uint32_t* words) {
  if (values.size() != count) {
    throw py::value_error(std::string(name) + ": expected " + std::to_string(count) +
                          " words, got " + std::to_string(values.size()));
  }
  for (size_t i = 0; i < count; ++i) {
    const py::object value = values[i];
    words[i] = static_cast<uint32_t>(to_integer(value, name, 0, UINT32_MAX));
  }
}

}  // namespace

py::tuple check_and_philox(const py::sequence& counter, const py::sequence& key) {
  PhiloxBlock block;
  PhiloxKey words;
  to_words(counter, "counter", 4, block.words);
  to_words(key, "key", 2, words.words);
  const PhiloxBlock drawn = philox4x32_10(block, words);
  return py::make_tuple(drawn.words[0], drawn.words[1], drawn.words[2], drawn.words[3]);
}

}  // namespace bsgrow
