#pragma once

#include <chrono>
#include <memory>

#include "bsgrow/thread_pool.h"

namespace bsgrow {

struct Job;

// A parallel_for that runs in the background, on the threads that parallel_for uses too.
//
// Nothing is written after the destructor has returned. Any thread may call any member. In a forked
// child, where the threads of the parent are not, the work is begun anew by the first call of
// wait_for or done: a chunk that was under way at the fork is done twice.
class Task {
 public:
  // Starts the work on num_threads threads of the pool. Whoever waits takes part, as one thread
  // more: slots are in [0, num_threads]. The memory that body writes must outlive the task.
  Task(Chunks chunks, int num_threads);

  // Cancels, and waits for the chunks that are under way.
  ~Task();

  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // Takes part in the work; returns whether it ended, false where the timeout passed first. The
  // timeout is looked at between chunks.
  bool wait_for(std::chrono::milliseconds timeout);

  // Whether the work ended: all chunks are done, or the task was cancelled and none is under way.
  bool done();

  // Drops the chunks that were not begun; waits for nothing.
  void cancel();

 private:
  const Chunks chunks_;
  const std::unique_ptr<Job> job_;
};

}  // namespace bsgrow
