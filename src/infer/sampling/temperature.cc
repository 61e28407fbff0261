// SPDX-License-Identifier: Apache-2.0
#include "infer/sampling/temperature.h"

#include <algorithm>

#include "numerics/math_ref.h"

namespace cambium {
namespace {

// H / log n in [0, 1], of at least two tokens.
float NormalizedEntropy(TokenScores* tokens) {
  const double total = tokens->FillWeights(1.0f);
  double expected = 0;  // of score - max
  size_t count = 0;
  for (size_t i = 0; i < tokens->scores.size(); ++i) {
    if (tokens->scores[i] == kTokenIsOut) continue;
    ++count;
    if (tokens->weights[i] == 0) continue;
    expected += static_cast<double>(tokens->weights[i]) *
                (static_cast<double>(tokens->scores[i]) - static_cast<double>(tokens->max));
  }
  if (count < 2) return 0;
  const float entropy =
      static_cast<float>(static_cast<double>(RefLog(static_cast<float>(total))) - expected / total);
  return std::clamp(entropy / RefLog(static_cast<float>(count)), 0.0f, 1.0f);
}

}  // namespace

float TemperatureOf(const TemperatureOptions& options, TokenScores* tokens) {
  if (options.range == 0) return options.temperature;
  const float low = std::max(0.0f, options.temperature - options.range);
  const float high = options.temperature + options.range;
  const float entropy = NormalizedEntropy(tokens);
  float power = 0;
  if (options.exponent == 0) {
    power = 1;
  } else if (entropy > 0) {
    power = RefExpNonPositive(options.exponent * RefLog(entropy), math::kExpLowest);
  }
  return std::max(low + (high - low) * power, kLowestTemperature);
}

}  // namespace cambium
