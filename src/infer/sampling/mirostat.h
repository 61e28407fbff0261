// SPDX-License-Identifier: Apache-2.0
// Mirostat 2 holds the surprise of the text near a target, tau bits per token. Tokens of surprise
// -log2 p_i above mu go (the most probable one stays), the draw is among the rest, and then
//   mu = mu - eta * (surprise of the drawn token among the rest - tau), mu = 2 tau at first.
// Source: Basu et al. 2021, arXiv:2007.14966, algorithm 2 (without the estimate of s).
//
// mu is the one thing that samplers carry from token to token: the exception to a draw being a
// function of (logits, history, seed, position). It is a function of the logits and tokens of all
// draws since the first of this text, so the same text has the same bits; but a text that is
// continued by another call, its first part now history, begins with mu = 2 tau again.
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
