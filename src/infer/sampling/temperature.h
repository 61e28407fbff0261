// SPDX-License-Identifier: Apache-2.0
// The temperature that scores are divided by: fixed, or dynamic, higher where the model is unsure:
//   T = low + (high - low) * (H / log n)^exponent, low = max(0, temperature - range),
//   high = temperature + range
// H is the entropy of the n tokens that are left; T is at least kLowestTemperature. Source: Zhu et
// al. 2024, "EDT", arXiv:2403.14541, in the entropy-normalised form of llama.cpp pull request 4972.
// Logarithm and power are those of numerics/math_ref.h, in f32.
#pragma once

#include "infer/sampling/token_scores.h"

namespace cambium {

// Below it differences of logits overflow; it is temperature 0 in effect.
inline constexpr float kLowestTemperature = 1e-3f;

struct TemperatureOptions {
  float temperature = 1.0f;  // 0, or [1e-3, 1e3]
  float range = 0.0f;        // [0, 1e3]; 0: fixed
  float exponent = 1.0f;     // [0, 100]
};

// Never 0: for a temperature that is not 0, or has a range.
float TemperatureOf(const TemperatureOptions& options, TokenScores* tokens);

}  // namespace cambium
