// SPDX-License-Identifier: Apache-2.0
// For tests that a kernel gives the same bits on every machine.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/thread_pool.h"
#include "numerics/simd_target.h"

namespace cambium {

// Calls fn(pool) for every instruction set that this machine has for the arithmetic, with 1, 2, 3
// and 8 threads and denormals flushed as in every kernel.
template <typename Fn>
void ForEveryMachine(const Fn& fn, Arithmetic arithmetic = Arithmetic::kFloat) {
  for (const SimdTarget target : AvailableSimdTargets(arithmetic)) {
    SetSimdTarget(target);
    for (const size_t threads : {1, 2, 3, 8}) {
      SCOPED_TRACE(testing::Message() << SimdTargetName(target) << ", threads " << threads);
      ThreadPool pool(threads, false);
      const ScopedFlushDenormals flush;
      fn(pool);
    }
  }
  SetSimdTarget(AvailableSimdTargets(Arithmetic::kAny).back());
}

template <typename T>
void ExpectEqualBits(const std::vector<T>& expected, const std::vector<T>& actual) {
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(std::memcmp(&expected[i], &actual[i], sizeof(T)), 0) << "first difference at " << i;
  }
}

}  // namespace cambium
