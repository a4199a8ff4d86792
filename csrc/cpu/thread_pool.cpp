#include "bsgrow/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace bsgrow {
namespace {

// One call of parallel_for. It lives on the caller's stack: the caller leaves only when it is off
// the queue and no worker is inside.
struct Job {
  const ChunkBody& body;
  const int64_t num_chunks;
  const int num_threads;
  std::atomic<int64_t> next_chunk{0};
  int num_joined = 1;  // slots handed out, the caller's first; guarded by the pool's mutex
  int num_inside = 0;  // workers at work on it; guarded by the pool's mutex

  void work(int slot) {
    int64_t chunk;
    while ((chunk = next_chunk.fetch_add(1, std::memory_order_relaxed)) < num_chunks) {
      body(chunk, slot);
    }
  }
};

class ThreadPool {
 public:
  void run(Job& job) {
    enter(job);
    job.work(0);
    leave(job);
  }

 private:
  void enter(Job& job) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(&job);
      grow(job.num_threads - 1);
    }
    if (job.num_threads == 2) {
      work_arrived_.notify_one();
    } else {
      work_arrived_.notify_all();
    }
  }

  void leave(Job& job) {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto place = std::find(jobs_.begin(), jobs_.end(), &job);
    if (place != jobs_.end()) jobs_.erase(place);
    worker_left_.wait(lock, [&] { return job.num_inside == 0; });
  }

  // Where the system refuses another thread, the ones there are do all the work.
  void grow(int num_workers) {
    try {
      for (; num_workers_ < num_workers; ++num_workers_) {
        std::thread([this] { serve(); }).detach();
      }
    } catch (const std::system_error&) {
    }
  }

  void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      work_arrived_.wait(lock, [&] { return !jobs_.empty(); });
      Job& job = *jobs_.front();
      const int slot = job.num_joined++;
      ++job.num_inside;
      if (job.num_joined == job.num_threads) jobs_.pop_front();
      lock.unlock();
      job.work(slot);
      lock.lock();
      if (--job.num_inside == 0) worker_left_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::condition_variable worker_left_;
  std::deque<Job*> jobs_;
  int num_workers_ = 0;
};

// Never destroyed: workers may still wait on it while the process exits.
std::atomic<ThreadPool*> pool{nullptr};

// A forked child has none of its parent's threads, and perhaps a locked mutex: it starts anew.
void forget_pool() { pool.store(nullptr); }

void watch_forks() {
#if defined(__unix__) || defined(__APPLE__)
  static const int registered = pthread_atfork(nullptr, nullptr, forget_pool);
  static_cast<void>(registered);
#endif
}

ThreadPool& shared_pool() {
  watch_forks();
  ThreadPool* current = pool.load();
  if (current) return *current;
  auto* fresh = new ThreadPool;
  if (pool.compare_exchange_strong(current, fresh)) return *fresh;
  delete fresh;  // another caller was first; this one has no threads yet
  return *current;
}

}  // namespace

void parallel_for(int64_t num_chunks, int num_threads, const ChunkBody& body) {
  const auto useful_threads = static_cast<int>(std::min<int64_t>(num_threads, num_chunks));
  Job job{body, num_chunks, useful_threads};
  if (useful_threads <= 1) return job.work(0);
  shared_pool().run(job);
}

}  // namespace bsgrow
