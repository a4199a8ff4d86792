#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <thread>

namespace bsgrow {

// Lets other Python threads run while it lives. pybind11's own guard ends the process where a
// daemon thread comes back to an interpreter that is going away: before 3.14 Python then unwinds
// the thread through the guard's destructor, which may not throw. Here the thread stops for good,
// as threads do since 3.14.
class ReleasedGil {
 public:
  ReleasedGil() : state_(PyEval_SaveThread()) {}

  ~ReleasedGil() {
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {  // only the unwinding of the thread, which must not go on
      for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
    }
  }

  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

 private:
  PyThreadState* const state_;
};

}  // namespace bsgrow
