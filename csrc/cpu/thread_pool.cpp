#include "bsgrow/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "cpu/job.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bsgrow {
namespace {

constexpr auto kWatch = std::chrono::microseconds(20);

// Leaves the core to its other hardware thread for a moment.
void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

}  // namespace

class ThreadPool {
 public:
  void run(Job& job) {
    submit(job);
    job.work(0);
    withdraw(job);
  }

  void submit(Job& job) {
    const std::lock_guard<std::mutex> lock(mutex_);
    adopt(job);
  }

  bool help(Job& job, Deadline deadline) {
    std::unique_lock<std::mutex> lock(mutex_);
    adopt(job);
    if (job.has_chunks() && !job.has_helper) {
      job.has_helper = true;
      ++job.num_inside;
      lock.unlock();
      job.work_until(deadline);
      lock.lock();
      job.has_helper = false;
      leave(job);
    }
    watch(lock, [&] { return job.is_done(); });
    return thread_left_.wait_until(lock, deadline, [&] { return job.is_done(); });
  }

  bool is_done(Job& job) {
    const std::lock_guard<std::mutex> lock(mutex_);
    adopt(job);
    return job.is_done();
  }

  void cancel(Job& job) {
    const std::lock_guard<std::mutex> lock(mutex_);
    job.cancelled = true;
    job.next_chunk = job.num_chunks;
    adopt(job);
  }

  void withdraw(Job& job) {
    std::unique_lock<std::mutex> lock(mutex_);
    take_off(job);
    watch(lock, [&] { return job.num_inside == 0; });
    thread_left_.wait(lock, [&] { return job.num_inside == 0; });
  }

 private:
  // Offers a job that is not this pool's: a new one, or in a forked child one of the parent, whose
  // threads are not here, so that it is begun anew.
  void adopt(Job& job) {
    if (job.pool == this) return;
    const bool had_ended = job.is_done();
    job.pool = this;
    if (had_ended) return;
    job.restart();
    if (!job.has_chunks()) return;
    jobs_.push_back(&job);
    num_jobs_ = jobs_.size();
    grow(job.num_workers);
    wake(job.num_workers);
  }

  void wake(int num_workers) {
    if (num_workers == 1) {
      work_arrived_.notify_one();
    } else {
      work_arrived_.notify_all();
    }
  }

  void take_off(Job& job) {
    const auto place = std::find(jobs_.begin(), jobs_.end(), &job);
    if (place != jobs_.end()) jobs_.erase(place);
    num_jobs_ = jobs_.size();
  }

  void leave(Job& job) {
    if (--job.num_inside == 0) thread_left_.notify_all();
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

  // Looks out a moment for what is about to come, with the mutex free: a thread that sleeps wakes
  // too late for a batch of 128 small images. Not where threads have to share cores.
  template <typename Ready>
  void watch(std::unique_lock<std::mutex>& lock, const Ready& ready) {
    if (ready() || num_workers_ >= num_cores_) return;
    lock.unlock();
    const Deadline deadline = std::chrono::steady_clock::now() + kWatch;
    while (!ready() && std::chrono::steady_clock::now() < deadline) relax();
    lock.lock();
  }

  void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      watch(lock, [&] { return num_jobs_ > 0; });
      work_arrived_.wait(lock, [&] { return !jobs_.empty(); });
      Job& job = *jobs_.front();
      const int slot = ++job.num_joined;
      ++job.num_inside;
      if (job.num_joined == job.num_workers) take_off(job);
      lock.unlock();
      job.work(slot);
      lock.lock();
      take_off(job);  // no chunk is left
      leave(job);
    }
  }

  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::condition_variable thread_left_;
  std::deque<Job*> jobs_;
  std::atomic<size_t> num_jobs_{0};  // of jobs_, for those who look without the mutex
  int num_workers_ = 0;
  const int num_cores_ = static_cast<int>(std::thread::hardware_concurrency());
};

namespace {

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

void submit(Job& job) { shared_pool().submit(job); }

bool help(Job& job, Deadline deadline) { return shared_pool().help(job, deadline); }

bool is_done(Job& job) { return shared_pool().is_done(job); }

void cancel(Job& job) { shared_pool().cancel(job); }

void withdraw(Job& job) { shared_pool().withdraw(job); }

void parallel_for(int64_t num_chunks, int num_threads, const ChunkBody& body) {
  const auto useful_threads = static_cast<int>(std::min<int64_t>(num_threads, num_chunks));
  Job job{body, num_chunks, useful_threads - 1};
  if (useful_threads <= 1) return job.work(0);
  shared_pool().run(job);
}

}  // namespace bsgrow
