#include "bindings/task.h"

#include <chrono>
#include <memory>
#include <utility>

#include "bindings/released_gil.h"

namespace py = pybind11;

namespace bsgrow {
namespace {

// How long a signal may go unnoticed while the interpreter waits.
constexpr std::chrono::milliseconds kSignalInterval{50};

}  // namespace

PyTask::PyTask(std::vector<Array> arrays, Chunks chunks, int num_threads)
    : arrays_(std::move(arrays)), task_(std::move(chunks), num_threads) {}

void PyTask::wait() {
  const auto wait_without_gil = [this] {
    const ReleasedGil released;
    return task_.wait_for(kSignalInterval);
  };
  while (!wait_without_gil()) {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
  std::vector<Array>().swap(arrays_);  // freeing them may call Python, and that this function
}

bool PyTask::done() { return task_.done(); }

void PyTask::cancel() { task_.cancel(); }

void bind_task(py::module_& module) {
  py::class_<PyTask>(module, "Task", py::module_local())
      .def("wait", &PyTask::wait)
      .def("done", &PyTask::done)
      .def("cancel", &PyTask::cancel);
}

}  // namespace bsgrow
