// SPDX-License-Identifier: Apache-2.0
// Penalties for tokens that were there already. For every distinct token among the last `last_n` of
// the history, which it is in c times:
//   logit = logit / repeat where positive, logit * repeat otherwise
//   logit = logit - c * frequency - presence
// Sources: repeat: Keskar et al. 2019, arXiv:1909.05858, section 4.1; frequency and presence: the
// parameters of OpenAI's API reference. c * frequency + presence is taken in double, and rounded
// once with the difference.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cambium {

struct PenaltyOptions {
  float repeat = 1.0f;     // [0.1, 10]; 1: none
  float frequency = 0.0f;  // [-100, 100]
  float presence = 0.0f;   // [-100, 100]
  size_t last_n = 64;      // tokens of the history that count

  bool active() const { return repeat != 1.0f || frequency != 0 || presence != 0; }
};

// Ids of the history outside of [0, V) do not count.
void Penalize(const PenaltyOptions& options, std::span<const int32_t> history,
              std::vector<float>* logits);

}  // namespace cambium
