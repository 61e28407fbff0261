// SPDX-License-Identifier: Apache-2.0
#include "formats/hostile_test_util.h"

#include <time.h>

#include <cerrno>
#include <cstdlib>
#include <new>

namespace {
thread_local uint64_t allocated_bytes = 0;

void* CountedAllocation(size_t size_bytes) {
  allocated_bytes += size_bytes;
  void* memory = std::malloc(size_bytes == 0 ? 1 : size_bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

// Replaces the global allocator of the test program, to see what a hostile file makes us ask for.
void* operator new(size_t size_bytes) { return CountedAllocation(size_bytes); }
void* operator new[](size_t size_bytes) { return CountedAllocation(size_bytes); }
void* operator new(size_t size_bytes, const std::nothrow_t&) noexcept {
  allocated_bytes += size_bytes;
  return std::malloc(size_bytes == 0 ? 1 : size_bytes);
}
void* operator new[](size_t size_bytes, const std::nothrow_t& tag) noexcept {
  return operator new(size_bytes, tag);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

// What Scratch (numerics/gemm.h) takes, weights among it.
extern "C" void* aligned_alloc(size_t alignment, size_t size_bytes) noexcept {
  allocated_bytes += size_bytes;
  void* memory = nullptr;
  const int error = posix_memalign(&memory, alignment, size_bytes);
  if (error == 0) return memory;
  errno = error;
  return nullptr;
}

namespace cambium {

uint64_t AllocatedBytes() { return allocated_bytes; }

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Attempt AttemptTo(const std::function<void()>& read) {
  Attempt attempt;
  const double start = ThreadSeconds();
  const uint64_t allocated_before = AllocatedBytes();
  try {
    read();
  } catch (const Error& error) {
    attempt.error = error.code();
    attempt.message = error.what();
  }
  attempt.seconds = ThreadSeconds() - start;
  attempt.allocated_bytes = AllocatedBytes() - allocated_before;
  return attempt;
}

}  // namespace cambium
