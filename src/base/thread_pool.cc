// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/error.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cambium {
namespace {

#if defined(__x86_64__)
unsigned long ReadFloatMode() { return _mm_getcsr(); }
void WriteFloatMode(unsigned long mode) { _mm_setcsr(static_cast<unsigned>(mode)); }
constexpr unsigned long kFlushBits = 0x8040;  // MXCSR: FTZ (bit 15), DAZ (bit 6)
void CpuRelax() { _mm_pause(); }
#elif defined(__aarch64__)
unsigned long ReadFloatMode() {
  unsigned long mode;
  asm volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
void WriteFloatMode(unsigned long mode) { asm volatile("msr fpcr, %0" : : "r"(mode)); }
constexpr unsigned long kFlushBits = 1ul << 24;  // FPCR.FZ
void CpuRelax() { asm volatile("yield"); }
#else
#error "cambium supports x86-64 and AArch64"
#endif

// Long enough to bridge the gap between two parallel loops of one model step, short against a
// scheduler's time slice, so that other programs get the CPU.
constexpr auto kSpinTime = std::chrono::microseconds(50);

std::vector<int> FindAllowedCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) cpus.push_back(i);
    }
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

// As the program found them: found at the first call, which is before any thread is pinned.
const std::vector<int>& AllowedCpus() {
  static const std::vector<int> cpus = FindAllowedCpus();
  return cpus;
}

void PinTo(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  // A refusal costs speed only.
  (void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

template <typename Predicate>
bool SpinUntil(const Predicate& done) {
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 64; ++i) {
      if (done()) return true;
      CpuRelax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return done();
}

}  // namespace

ScopedDenormals::ScopedDenormals(bool flush) : saved_(ReadFloatMode()) {
  WriteFloatMode(flush ? saved_ | kFlushBits : saved_ & ~kFlushBits);
}

ScopedDenormals::~ScopedDenormals() { WriteFloatMode(saved_); }

size_t NumAvailableCpus() { return AllowedCpus().size(); }

struct ThreadPool::State {
  // Written by the caller before `epoch` is raised, read by workers after they see it.
  const std::function<void(size_t, size_t)>* fn = nullptr;

  alignas(64) std::atomic<uint32_t> epoch{0};
  // Thread i hands out tasks [i n / threads, (i + 1) n / threads) to itself first, so that the same
  // rows stay in the same core's caches from loop to loop; who is done takes from the others.
  struct alignas(64) Share {
    std::atomic<size_t> next{0};
    size_t end = 0;
  };
  std::vector<Share> shares;
  alignas(64) std::atomic<uint32_t> num_running{0};
  std::atomic<bool> stop{false};
  std::atomic<bool> failed{false};
  std::mutex error_mutex;
  std::exception_ptr error;
  std::vector<std::thread> workers;
  // Where threads outnumber CPUs, one that spins keeps the one it waits for from running.
  bool spins = true;

  void RunTasks(size_t thread) noexcept {
    const ScopedFlushDenormals flush;
    try {
      for (size_t i = 0; i < shares.size(); ++i) {
        Share& share = shares[(thread + i) % shares.size()];
        while (!failed.load(std::memory_order_relaxed)) {
          if (share.next.load(std::memory_order_relaxed) >= share.end) break;
          const size_t task = share.next.fetch_add(1, std::memory_order_relaxed);
          if (task >= share.end) break;
          (*fn)(task, thread);
        }
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(error_mutex);
      if (!error) error = std::current_exception();
      failed.store(true, std::memory_order_relaxed);
    }
  }

  void WorkerLoop(size_t thread) noexcept {
    uint32_t seen = 0;
    for (;;) {
      const auto changed = [&] { return epoch.load(std::memory_order_acquire) != seen; };
      if (!(spins && SpinUntil(changed))) {
        while (!changed()) epoch.wait(seen, std::memory_order_acquire);
      }
      ++seen;
      if (stop.load(std::memory_order_acquire)) return;
      RunTasks(thread);
      if (num_running.fetch_sub(1, std::memory_order_acq_rel) == 1) num_running.notify_one();
    }
  }
};

ThreadPool::ThreadPool(size_t num_threads, bool pin) : state_(std::make_unique<State>()) {
  const std::vector<int>& cpus = AllowedCpus();
  num_threads_ = num_threads == 0 ? cpus.size() : num_threads;
  state_->shares = std::vector<State::Share>(num_threads_);
  state_->spins = num_threads_ <= cpus.size();
  const bool pin_threads = pin && num_threads_ > 1 && state_->spins;
  for (size_t i = 1; i < num_threads_; ++i) {
    state_->workers.emplace_back([this, i, pin_threads, cpu = cpus[i % cpus.size()]] {
      if (pin_threads) PinTo(cpu);
      state_->WorkerLoop(i);
    });
  }
  // The caller is left unpinned when it is alone, so that two programs can share a machine.
  if (pin_threads) PinTo(cpus[0]);
}

ThreadPool::~ThreadPool() {
  state_->stop.store(true, std::memory_order_release);
  state_->epoch.fetch_add(1, std::memory_order_release);
  state_->epoch.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

void ThreadPool::ParallelFor(size_t num_tasks, const std::function<void(size_t, size_t)>& fn) {
  if (num_tasks == 0) return;
  State& s = *state_;
  s.fn = &fn;
  s.failed.store(false, std::memory_order_relaxed);
  const bool alone = num_threads_ == 1 || num_tasks == 1;
  for (size_t i = 0; i < num_threads_; ++i) {
    s.shares[i].next.store(num_tasks * i / num_threads_, std::memory_order_relaxed);
    s.shares[i].end = num_tasks * (i + 1) / num_threads_;
  }
  if (!alone) {
    s.num_running.store(static_cast<uint32_t>(num_threads_ - 1), std::memory_order_relaxed);
    s.epoch.fetch_add(1, std::memory_order_release);
    s.epoch.notify_all();
  }
  s.RunTasks(0);
  if (!alone) {
    const auto idle = [&] { return s.num_running.load(std::memory_order_acquire) == 0; };
    if (!(s.spins && SpinUntil(idle))) {
      for (uint32_t n = s.num_running.load(std::memory_order_acquire); n != 0;
           n = s.num_running.load(std::memory_order_acquire)) {
        s.num_running.wait(n, std::memory_order_acquire);
      }
    }
  }
  if (s.error) {
    const std::exception_ptr error = std::exchange(s.error, nullptr);
    std::rethrow_exception(error);
  }
}

void ThreadPool::ParallelRanges(size_t n, size_t grain,
                                const std::function<void(size_t, size_t, size_t)>& fn) {
  CHECK(grain > 0);
  if (n == 0) return;
  // Four ranges per thread even out uneven progress at a small cost of hand-outs.
  const size_t max_ranges = num_threads_ == 1 ? 1 : 4 * num_threads_;
  const size_t num_grains = (n + grain - 1) / grain;
  const size_t num_ranges = std::min(num_grains, max_ranges);
  ParallelFor(num_ranges, [&](size_t task, size_t thread) {
    const size_t begin = num_grains * task / num_ranges * grain;
    const size_t end = std::min(n, num_grains * (task + 1) / num_ranges * grain);
    if (begin < end) fn(begin, end, thread);
  });
}

}  // namespace cambium
