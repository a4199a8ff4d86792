#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "bsgrow/thread_pool.h"

namespace bsgrow {

using Deadline = std::chrono::steady_clock::time_point;

class ThreadPool;

// Chunks on offer to the threads of a pool, which take slots [1, num_workers]; slot 0 is for
// whoever waits. Its owner destroys it only when nobody can come in and nobody is inside: after
// withdraw.
struct Job {
  Job(const ChunkBody& chunk_body, int64_t chunk_count, int worker_count)
      : body(chunk_body), num_chunks(chunk_count), num_workers(worker_count) {}

  const ChunkBody& body;
  const int64_t num_chunks;
  const int num_workers;  // threads of the pool that may join
  std::atomic<int64_t> next_chunk{0};

  // Guarded by the mutex of the pool.
  ThreadPool* pool = nullptr;  // which has it, or had it before a fork
  int num_joined = 0;          // threads of the pool that ever joined
  bool has_helper = false;     // whether one of them is someone who waits
  bool cancelled = false;

  std::atomic<int> num_inside{0};  // threads at work on it; written with the mutex held

  bool has_chunks() const { return next_chunk.load(std::memory_order_relaxed) < num_chunks; }
  bool is_done() const { return !has_chunks() && num_inside == 0; }

  // Forgets whoever was inside.
  void restart() {
    next_chunk = cancelled ? num_chunks : 0;
    num_joined = 0;
    num_inside = 0;
    has_helper = false;
  }

  bool work_on_next(int slot) {
    const int64_t chunk = next_chunk.fetch_add(1, std::memory_order_relaxed);
    if (chunk >= num_chunks) return false;
    body(chunk, slot);
    return true;
  }

  void work(int slot) {
    while (work_on_next(slot)) {
    }
  }

  void work_until(Deadline deadline) {
    while (std::chrono::steady_clock::now() < deadline && work_on_next(0)) {
    }
  }
};

// What follows offers a job that another pool had, the parent's of a forked child, anew.

// Offers the job to the pool's threads.
void submit(Job& job);

// Takes part unless another thread that waits does; returns whether the job ended, false where the
// deadline passed first.
bool help(Job& job, Deadline deadline);

// Whether all chunks are done, or the job was cancelled, and nobody is inside.
bool is_done(Job& job);

// Drops the chunks that were not begun.
void cancel(Job& job);

// Takes the job back; returns when nobody is inside.
void withdraw(Job& job);

}  // namespace bsgrow
