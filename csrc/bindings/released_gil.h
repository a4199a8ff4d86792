#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <thread>

namespace bsgrow {

// Releases the GIL and takes it back at the end of the scope. While the interpreter exits, a daemon
// thread does not get it back: CPython before 3.14 then unwinds the thread, through destructors
// that need the GIL. This one sleeps until the process has ended, as 3.14 does.
class ReleasedGil {
 public:
  ReleasedGil() : state_(PyEval_SaveThread()) {}
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

  ~ReleasedGil() {
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {
      for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
    }
  }

 private:
  PyThreadState* const state_;
};

}  // namespace bsgrow
