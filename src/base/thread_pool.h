// SPDX-License-Identifier: Apache-2.0
// A fixed set of threads for parallel loops. The numerics contract makes every result independent
// of which thread computes what, so tasks are handed out dynamically: each thread begins with its
// own contiguous part of them, for the caches, and then helps the others.
//
// Waiting: threads spin for a bounded time, then sleep; where they outnumber the CPUs they sleep at
// once.
// Every thread that runs tasks flushes denormals (numerics contract, rule 1).
// Thread safety: one ParallelFor at a time per pool, called from the owning thread; not nested.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace cambium {

// What the calling thread does with denormals; the old mode is back at the end of the scope.
class ScopedDenormals {
 public:
  ~ScopedDenormals();
  ScopedDenormals(const ScopedDenormals&) = delete;
  ScopedDenormals& operator=(const ScopedDenormals&) = delete;

 protected:
  explicit ScopedDenormals(bool flush);

 private:
  unsigned long saved_;
};

// Flush to zero, and denormals are zero.
class ScopedFlushDenormals : public ScopedDenormals {
 public:
  ScopedFlushDenormals() : ScopedDenormals(true) {}
};

// For conversions of stored formats, which keep denormals on every thread.
class ScopedKeepDenormals : public ScopedDenormals {
 public:
  ScopedKeepDenormals() : ScopedDenormals(false) {}
};

class ThreadPool {
 public:
  // num_threads: all threads including the caller, at least 1; 0 means one per CPU this process may
  // use. With pin, thread i runs on the i-th allowed CPU when there are enough CPUs.
  explicit ThreadPool(size_t num_threads = 0, bool pin = true);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t num_threads() const { return num_threads_; }

  // Calls fn(task, thread) for every task in [0, num_tasks), thread in [0, num_threads()).
  // Rethrows the first exception that a task threw, after all threads have stopped.
  void ParallelFor(size_t num_tasks, const std::function<void(size_t task, size_t thread)>& fn);

  // Splits [0, n) into contiguous ranges of at least `grain` elements (a multiple of it, but the
  // last) and calls fn(begin, end, thread).
  void ParallelRanges(size_t n, size_t grain,
                      const std::function<void(size_t begin, size_t end, size_t thread)>& fn);

 private:
  struct State;
  std::unique_ptr<State> state_;
  size_t num_threads_;
};

// CPUs that this process may run on, as they were before any pool pinned its caller to one of them.
size_t NumAvailableCpus();

}  // namespace cambium
