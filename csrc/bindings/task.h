#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "bindings/arguments.h"
#include "bsgrow/task.h"

namespace bsgrow {

// A Task that holds the arrays which its chunks read and write.
class PyTask {
 public:
  PyTask(std::vector<Array> arrays, Chunks chunks, int num_threads);

  // Returns when the work ended. The GIL is released meanwhile; what a signal's handler raises,
  // KeyboardInterrupt above all, is raised here, and the work goes on.
  void wait();

  bool done();

  void cancel();

 private:
  std::vector<Array> arrays_;  // outlives the task
  Task task_;
};

// Each extension module binds a Task of its own, which knows that module's threads.
void bind_task(pybind11::module_& module);

}  // namespace bsgrow
