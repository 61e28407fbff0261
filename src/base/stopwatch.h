// SPDX-License-Identifier: Apache-2.0
// Wall-clock time and medians: what measurements are made of.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace cambium {

using Clock = std::chrono::steady_clock;

inline double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The upper one of the two in the middle when their number is even. `values` may not be empty.
double Median(std::vector<double> values);

// Seconds of a call: the median over `repeats` (at least 1) calls, after one that warms up.
double MedianSeconds(size_t repeats, const std::function<void()>& call);

}  // namespace cambium
