// SPDX-License-Identifier: Apache-2.0
#include "numerics/random_fill.h"

#include <array>
#include <cmath>

#include "base/check.h"
#include "numerics/trig.h"

namespace cambium {
namespace {

// Calls make(block) -> four values for each block of four elements.
template <class F>
void FillBlocks(const Philox& philox, uint64_t parameter_index, std::span<float> out,
                uint64_t first, const F& make) {
  CHECK(first % 4 == 0);
  for (size_t j = 0; j < out.size(); j += 4) {
    const std::array<double, 4> values = make(philox.Block(parameter_index, (first + j) / 4));
    for (size_t k = 0; k < 4 && j + k < out.size(); ++k) out[j + k] = static_cast<float>(values[k]);
  }
}

}  // namespace

void FillNormal(const Philox& philox, uint64_t parameter_index, double stddev, std::span<float> out,
                uint64_t first) {
  constexpr double kTwoPi = 0x1.921fb54442d18p+2;
  FillBlocks(philox, parameter_index, out, first, [stddev](const PhiloxBlock& words) {
    std::array<double, 4> values;
    for (size_t pair = 0; pair < 4; pair += 2) {
      const double u = (static_cast<double>(words[pair]) + 1.0) * 0x1p-32;
      const double angle = kTwoPi * (static_cast<double>(words[pair + 1]) * 0x1p-32);
      const double radius = stddev * std::sqrt(-2.0 * Log(u));
      values[pair] = radius * Cos(angle);
      values[pair + 1] = radius * Sin(angle);
    }
    return values;
  });
}

void FillUniform(const Philox& philox, uint64_t parameter_index, double low, double high,
                 std::span<float> out, uint64_t first) {
  const double scale = (high - low) * 0x1p-32;
  FillBlocks(philox, parameter_index, out, first, [low, scale](const PhiloxBlock& words) {
    std::array<double, 4> values;
    for (size_t k = 0; k < 4; ++k) values[k] = std::fma(static_cast<double>(words[k]), scale, low);
    return values;
  });
}

}  // namespace cambium
