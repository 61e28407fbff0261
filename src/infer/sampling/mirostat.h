// SPDX-License-Identifier: Apache-2.0
// Mirostat 2 holds the surprise of the text near a target, tau bits per token. Tokens of surprise
// -log2 p_i above mu go (the most probable one stays), the draw is among the rest, and then
//   mu = mu - eta * (surprise of the drawn token among the rest - tau), mu = 2 tau at first.
// Source: Basu et al. 2021, arXiv:2007.14966, algorithm 2 (without the estimate of s).
//
// mu is the one thing that samplers carry from token to token. It follows from the logits and
// tokens since the first draw, which follow from the history: a draw is still a function of
// (logits, history, seed, position), whose result is carried along instead of computed again.
#pragma once

#include "infer/sampling/token_scores.h"

namespace cambium {

struct MirostatOptions {
  bool active = false;
  float tau = 5.0f;  // (0, 100] bits
  float eta = 0.1f;  // [0, 1]
};

// Takes tokens out by their probabilities at this temperature.
void KeepUnsurprising(float mu, float temperature, TokenScores* tokens);

// mu after `token` was drawn; tokens->weights are still those of the draw, and `total` is their
// sum.
float NextMirostatMu(const MirostatOptions& options, float mu, int32_t token, double total,
                     float temperature, const TokenScores& tokens);

}  // namespace cambium
