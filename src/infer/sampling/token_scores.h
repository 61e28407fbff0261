// SPDX-License-Identifier: Apache-2.0
// The tokens of one draw while samplers work on them: scores that start as logits, with -inf for a
// token that is out, and the exponentials that several samplers need. Not thread-safe: one per
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace cambium {

inline constexpr float kTokenIsOut = -std::numeric_limits<float>::infinity();

struct Candidate {
  float score;
  int32_t token;
};

// The order that "largest" and "most probable" mean: by score, then the lowest id. A total order,
// since no score is NaN.
inline bool Before(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score > b.score : a.token < b.token;
}

struct TokenScores {
  std::vector<float> scores;  // [V]
  float max = 0;              // of scores
  // Of the last FillWeights: [V], 0 for tokens that are out; and sums over blocks of kWeightBlock.
  std::vector<float> weights;
  std::vector<float> block_sums;

  // weights[i] = exp((scores[i] - max) / temperature), as infer/softmax_weights.h. Returns the sum
  // of the block sums, in double, ascending.
  double FillWeights(float temperature);
  // The same for other scores, which stay as they are.
  double FillWeightsOf(std::span<const float> logits, float logits_max);

  // Tokens that are not out, by ascending id.
  std::vector<Candidate> Candidates() const;
  void RemoveBehind(const Candidate& last);
  // The largest score and the lowest token that has it.
  Candidate Best() const;
};

// The largest logit. Throws kInternal for NaN, +inf, or nothing but -inf.
float CheckedMax(std::span<const float> logits);

}  // namespace cambium
