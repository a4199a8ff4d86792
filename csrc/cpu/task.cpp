#include "bsgrow/task.h"

#include <algorithm>
#include <utility>

#include "cpu/job.h"

namespace bsgrow {

Task::Task(Chunks chunks, int num_threads)
    : chunks_(std::move(chunks)),
      job_(std::make_unique<Job>(chunks_.body, chunks_.count,
                                 static_cast<int>(std::min<int64_t>(num_threads, chunks_.count)))) {
  submit(*job_);
}

Task::~Task() {
  cancel();
  withdraw(*job_);
}

bool Task::wait_for(std::chrono::milliseconds timeout) {
  return help(*job_, std::chrono::steady_clock::now() + timeout);
}

bool Task::done() { return is_done(*job_); }

void Task::cancel() { bsgrow::cancel(*job_); }

}  // namespace bsgrow
