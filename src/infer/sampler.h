// SPDX-License-Identifier: Apache-2.0
// From logits to a token: a pure function of (logits, history, options, sequence, position). The
// same arguments give the same token on every machine, alone or in a batch.
//
// Steps, in this order; all probabilities are f32 exp by numerics/math_ref.h. Their sums are taken
// by blocks of tokens (infer/softmax_weights.h), the blocks in double in ascending order:
//   1. repetition penalty: every distinct token among the last repeat_last_n of the history has its
//      logit divided by the penalty when positive, multiplied by it otherwise (Keskar et al. 2019,
//      arXiv:1909.05858)
//   2. top-k: the k largest logits stay
//   3. top-p: the smallest set of most probable tokens whose probabilities, among those left, sum
//      (in double, descending) to at least p stays (Holtzman et al. 2020, arXiv:1904.09751)
//   4. min-p: tokens of at least min_p times the largest probability stay (Nguyen et al. 2024,
//      arXiv:2407.01082)
//   5. temperature: weight_i = exp((logit_i - max) / temperature)
//   6. draw: the first block, by ascending id, whose running sum of weights exceeds u times their
//      sum, and in it the first token that does so, or else its last with any weight; u in [0, 1)
//      is Philox(seed, kSampling) at counter (sequence, position)
// Temperature 0: the largest logit after step 1. Ties go to the lowest id everywhere.
// Thread safety: immutable; Sample may be called from many threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cambium {

struct SamplerOptions {
  float temperature = 1.0f;
  size_t top_k = 0;  // 0: all
  float top_p = 1.0f;
  float min_p = 0.0f;
  float repeat_penalty = 1.0f;
  size_t repeat_last_n = 64;
  uint64_t seed = 0;

  // Throws kInvalidArgument naming the option that is out of its range.
  void Validate() const;
};

struct SampledToken {
  int32_t token = 0;
  // Log of the probability that the model itself gives the token: log-softmax of the logits as they
  // came, before any of the steps.
  float logprob = 0;
};

class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);

  const SamplerOptions& options() const { return options_; }

  // logits: [V]; -inf is a token that cannot be drawn. history: the sequence so far; ids outside of
  // [0, V) do not count. Throws kInternal for NaN, +inf, or nothing but -inf.
  SampledToken Sample(std::span<const float> logits, std::span<const int32_t> history,
                      uint64_t sequence, uint64_t position) const;

 private:
  SamplerOptions options_;
};

// log-softmax of one token of `logits`, as in SampledToken.
float LogProbability(std::span<const float> logits, int32_t token);

}  // namespace cambium
