// SPDX-License-Identifier: Apache-2.0
// From logits to a token: a pure function of (logits, history, options, sequence, position), and
// with mirostat of SamplerState, too: what all earlier logits and draws of the text have made of
// it. The same arguments give the same token on every machine, alone or in a batch.
//
// Steps, in this order (that of llama.cpp), each off unless asked for. Formulas and sources stand
// in infer/sampling/; all probabilities are f32 exp by numerics/math_ref.h, summed by blocks of
// tokens (infer/softmax_weights.h), the blocks in double in ascending order:
//    1. logit bias: logit = logit + bias; -inf takes the token out
//    2. penalties: repetition, frequency, presence (penalties.h)
//    3. DRY (dry.h)
//    4. top-n-sigma, top-k, typical-p, top-p, min-p, XTC (truncation.h)
//    5. temperature, fixed or dynamic (temperature.h): weight_i = exp((logit_i - max) / T)
//    6. mirostat 2 (mirostat.h)
//    7. draw: the first block, by ascending id, whose running sum of weights exceeds u times their
//       sum, and in it the first token that does so, or else its last with any weight; u in [0, 1)
//       is Philox(seed, kSampling) at counter (sequence, position)
// Temperature 0: the largest logit after step 4. XTC's random number is Philox(seed, kXtc) at the
// same counter. Ties go to the lowest id everywhere.
// Thread safety: immutable; Sample may be called from many threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "infer/sampling/dry.h"
#include "infer/sampling/mirostat.h"
#include "infer/sampling/penalties.h"
#include "infer/sampling/temperature.h"

namespace cambium {

struct SamplerOptions {
  float temperature = 1.0f;
  size_t top_k = 0;  // 0: all
  float top_p = 1.0f;
  float min_p = 0.0f;
  float typical_p = 1.0f;
  float top_n_sigma = 0.0f;  // 0: off
  float xtc_probability = 0.0f;
  float xtc_threshold = 0.1f;  // above 0.5: off, since two tokens cannot have that much
  float dynatemp_range = 0.0f;
  float dynatemp_exponent = 1.0f;
  PenaltyOptions penalties;
  DryOptions dry;
  MirostatOptions mirostat;
  // Token and what is added to its logit. No token twice.
  std::vector<std::pair<int32_t, float>> logit_bias;
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

// What one text carries from draw to draw (mirostat.h).
struct SamplerState {
  float mirostat_mu = 0;
};

class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);

  const SamplerOptions& options() const { return options_; }
  // At the first draw of a text.
  SamplerState InitialState() const { return {.mirostat_mu = 2 * options_.mirostat.tau}; }

  // logits: [V]; -inf is a token that cannot be drawn. history: the sequence so far; ids outside of
  // [0, V) do not count. state: of this text, after all earlier draws; moved on. Throws kInternal
  // for NaN, +inf, or nothing but -inf; kInvalidArgument where logit bias leaves no token.
  SampledToken Sample(std::span<const float> logits, std::span<const int32_t> history,
                      uint64_t sequence, uint64_t position, SamplerState* state) const;
  // The first draw of a text, and every one without mirostat.
  SampledToken Sample(std::span<const float> logits, std::span<const int32_t> history,
                      uint64_t sequence, uint64_t position) const;

 private:
  void ApplyBias(std::vector<float>* scores) const;
  void Truncate(uint64_t sequence, uint64_t position, TokenScores* tokens) const;
  int32_t Choose(uint64_t sequence, uint64_t position, SamplerState* state,
                 TokenScores* tokens) const;

  SamplerOptions options_;
};

// log-softmax of one token of `logits`, as in SampledToken.
float LogProbability(std::span<const float> logits, int32_t token);

// The `count` most probable tokens (or all), most probable first, as the model gives them.
std::vector<SampledToken> MostProbable(std::span<const float> logits, size_t count);

}  // namespace cambium
