// SPDX-License-Identifier: Apache-2.0
#include "base/stopwatch.h"

#include <algorithm>

#include "base/check.h"

namespace cambium {

double Median(std::vector<double> values) {
  CHECK(!values.empty());
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double MedianSeconds(size_t repeats, const std::function<void()>& call) {
  call();
  std::vector<double> seconds;
  for (size_t i = 0; i < repeats; ++i) {
    const Clock::time_point start = Clock::now();
    call();
    seconds.push_back(SecondsSince(start));
  }
  return Median(std::move(seconds));
}

}  // namespace cambium
