// SPDX-License-Identifier: Apache-2.0
// Two models on the same tokens: how far the probabilities of one are from those of the other, the
// reference. For every scored token, with P the reference's next-token distribution and Q the
// model's, over the tokens of the vocabulary:
//   KL(P || Q) = sum_i P_i (log P_i - log Q_i)
// and whether both find the same token most probable (of equal ones the lowest id). Logarithms and
// sums are double, over f32 exponentials (softmax_weights.h): differences of KL below 1e-7 are
// noise. Memory: kPassTokens rows of logits per model.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "infer/session.h"

namespace cambium {

struct ComparisonResult {
  uint64_t num_tokens = 0;
  double model_nats = 0;  // sums of -log Q and -log P of the token that came
  double reference_nats = 0;
  uint64_t same_best = 0;
  // Over tokens. The percentiles are nearest-rank.
  double mean_kl = 0, median_kl = 0, kl_99_percent = 0, max_kl = 0;

  double model_perplexity() const;
  double reference_perplexity() const;
  double same_best_share() const;
};

class ModelComparison {
 public:
  static constexpr size_t kPassTokens = 32;

  // Both must outlive it and share a pool. num_tokens: of the vocabulary; rows of logits may be
  // longer. max_segment: tokens of a segment at most.
  ModelComparison(Engine& model, Engine& reference, size_t num_tokens, size_t max_segment);

  // tokens: a text that begins anew. targets[i]: the token that comes after tokens[i], or -1: not
  // scored. What comes after the last target is not computed. progress: told of every pass how many
  // tokens were scored so far. Throws kCorruptData for logits that are not finite.
  void Add(std::span<const int32_t> tokens, std::span<const int32_t> targets,
           const std::function<void(uint64_t num_tokens)>& progress = {});
  uint64_t num_tokens() const { return divergences_.size(); }
  ComparisonResult Finish();

 private:
  struct Row {
    double model_nats, reference_nats, divergence;
    bool same_best;
  };
  Row Compare(std::span<const float> model, std::span<const float> reference, int32_t target) const;

  Engine& model_;
  Engine& reference_;
  const size_t num_tokens_;
  Sequence model_sequence_, reference_sequence_;
  std::vector<double> divergences_;
  ComparisonResult result_;
};

}  // namespace cambium
