// SPDX-License-Identifier: Apache-2.0
#include "infer/sampling/mirostat.h"

#include "numerics/math_ref.h"

namespace cambium {
namespace {

constexpr double kBitsPerNat = 1.4426950408889634;

// -log2 of exp((score - max) / temperature) / total.
double Surprise(float score, float max, float temperature, float log_total) {
  const double below = static_cast<double>((score - max) / temperature);
  return (static_cast<double>(log_total) - below) * kBitsPerNat;
}

}  // namespace

void KeepUnsurprising(float mu, float temperature, TokenScores* tokens) {
  const float log_total = RefLog(static_cast<float>(tokens->FillWeights(temperature)));
  const size_t best = static_cast<size_t>(tokens->Best().token);
  for (size_t i = 0; i < tokens->scores.size(); ++i) {
    float& score = tokens->scores[i];
    if (i == best || score == kTokenIsOut) continue;
    if (Surprise(score, tokens->max, temperature, log_total) > static_cast<double>(mu)) {
      score = kTokenIsOut;
    }
  }
}

float NextMirostatMu(const MirostatOptions& options, float mu, int32_t token, double total,
                     float temperature, const TokenScores& tokens) {
  const double surprise = Surprise(tokens.scores[static_cast<size_t>(token)], tokens.max,
                                   temperature, RefLog(static_cast<float>(total)));
  const double error = surprise - static_cast<double>(options.tau);
  return static_cast<float>(static_cast<double>(mu) - static_cast<double>(options.eta) * error);
}

}  // namespace cambium
