// SPDX-License-Identifier: Apache-2.0
#include "infer/sampler.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/check.h"
#include "base/error.h"
#include "base/philox.h"
#include "base/thread_pool.h"
#include "infer/sampling/truncation.h"
#include "infer/softmax_weights.h"
#include "numerics/math_ref.h"

namespace cambium {
namespace {

// Working memory of one thread: a vocabulary's worth is beyond what malloc keeps between calls.
TokenScores& ThreadTokens() {
  thread_local TokenScores tokens;
  return tokens;
}

// In [0, 1) with 53 bits.
double Uniform53(uint64_t seed, RandomPurpose purpose, uint64_t sequence, uint64_t position) {
  return static_cast<double>(Philox(seed, purpose).Bits64(sequence, position) >> 11) * 0x1p-53;
}

float LogProbabilityBelow(std::span<const float> logits, float max, int32_t token,
                          TokenScores& work) {
  const double sum = work.FillWeightsOf(logits, max);
  return (logits[static_cast<size_t>(token)] - max) - RefLog(static_cast<float>(sum));
}

// Step 7. tokens.weights are filled, and `total` is their sum.
int32_t Draw(double total, double u, const TokenScores& tokens) {
  const double target = u * total;
  double sum = 0;
  size_t block = 0;  // the one in which the running sum passes the target
  size_t last = 0;   // the last that holds any weight
  for (; block < tokens.block_sums.size(); ++block) {
    const double block_sum = static_cast<double>(tokens.block_sums[block]);
    if (block_sum > 0) last = block;
    if (sum + block_sum > target) break;
    sum += block_sum;
  }
  // Rounding may keep the sum below its target to the end.
  if (block == tokens.block_sums.size()) block = last;
  const size_t begin = block * kWeightBlock;
  const size_t end = std::min(begin + kWeightBlock, tokens.weights.size());
  size_t chosen = begin;
  for (size_t i = begin; i < end; ++i) {
    const float weight = tokens.weights[i];
    if (weight == 0) continue;
    chosen = i;
    sum += static_cast<double>(weight);
    if (sum > target) break;
  }
  return static_cast<int32_t>(chosen);
}

// Written so that NaN fails.
void RequireRange(float value, double min, double max, const char* name) {
  const double number = static_cast<double>(value);
  if (!(number >= min && number <= max)) {
    Fail(ErrorCode::kInvalidArgument, "{} = {} must be in [{}, {}]", name, value, min, max);
  }
}

}  // namespace

void SamplerOptions::Validate() const {
  if (temperature != 0) RequireRange(temperature, 1e-3f, 1e3, "temperature other than 0");
  RequireRange(dynatemp_range, 0, 1e3, "dynatemp_range");
  RequireRange(dynatemp_exponent, 0, 100, "dynatemp_exponent");
  RequireRange(top_p, 1e-6f, 1, "top_p");
  RequireRange(typical_p, 1e-6f, 1, "typical_p");
  RequireRange(min_p, 0, 1, "min_p");
  RequireRange(top_n_sigma, 0, 1e3, "top_n_sigma");
  RequireRange(xtc_probability, 0, 1, "xtc_probability");
  RequireRange(xtc_threshold, 0, 1, "xtc_threshold");
  RequireRange(penalties.repeat, 0.1f, 10, "repeat_penalty");
  RequireRange(penalties.frequency, -100, 100, "frequency_penalty");
  RequireRange(penalties.presence, -100, 100, "presence_penalty");
  RequireRange(dry.multiplier, 0, 100, "dry_multiplier");
  RequireRange(dry.base, 1, 10, "dry_base");
  if (dry.allowed_length == 0) {
    Fail(ErrorCode::kInvalidArgument, "dry_allowed_length must be at least 1");
  }
  RequireRange(mirostat.tau, 1e-3f, 100, "mirostat_tau");
  RequireRange(mirostat.eta, 0, 1, "mirostat_eta");
  std::set<int32_t> biased;
  for (const auto& [token, bias] : logit_bias) {
    if (!std::isfinite(bias) && bias != kTokenIsOut) {
      Fail(ErrorCode::kInvalidArgument, "logit_bias {} of token {} must be finite, or -inf", bias,
           token);
    }
    if (!biased.insert(token).second) {
      Fail(ErrorCode::kInvalidArgument, "logit_bias: token {} is there twice", token);
    }
  }
}

Sampler::Sampler(const SamplerOptions& options) : options_(options) { options.Validate(); }

void Sampler::ApplyBias(std::vector<float>* scores) const {
  bool removed = false;
  for (const auto& [token, bias] : options_.logit_bias) {
    if (token < 0 || static_cast<size_t>(token) >= scores->size()) {
      Fail(ErrorCode::kInvalidArgument,
           "logit_bias: token {} is not in the vocabulary of {} tokens", token, scores->size());
    }
    (*scores)[static_cast<size_t>(token)] += bias;
    removed = removed || bias == kTokenIsOut;
  }
  if (removed && std::all_of(scores->begin(), scores->end(),
                             [](float score) { return score == kTokenIsOut; })) {
    Fail(ErrorCode::kInvalidArgument, "logit_bias leaves no token to choose");
  }
}

void Sampler::Truncate(uint64_t sequence, uint64_t position, TokenScores* tokens) const {
  const SamplerOptions& o = options_;
  if (o.top_n_sigma > 0) KeepTopNSigma(o.top_n_sigma, tokens);
  if (o.top_k != 0) KeepTopK(o.top_k, tokens);
  if (o.typical_p < 1) KeepTypical(o.typical_p, tokens);
  if (o.top_p < 1) KeepTopP(o.top_p, tokens);
  if (o.min_p > 0) KeepMinP(o.min_p, tokens);
  if (o.xtc_probability > 0 && o.xtc_threshold <= 0.5f) {
    const double u = Uniform53(o.seed, RandomPurpose::kXtc, sequence, position);
    ExcludeTopChoices(o.xtc_probability, o.xtc_threshold, u, tokens);
  }
}

int32_t Sampler::Choose(uint64_t sequence, uint64_t position, SamplerState* state,
                        TokenScores* tokens) const {
  const SamplerOptions& o = options_;
  const bool greedy = o.temperature == 0 && o.dynatemp_range == 0;
  // The others never take out the largest.
  const bool keeps_best = o.typical_p >= 1 && o.xtc_probability == 0;
  if (greedy && keeps_best) return tokens->Best().token;
  Truncate(sequence, position, tokens);
  if (greedy) return tokens->Best().token;
  const float temperature = TemperatureOf(
      {.temperature = o.temperature, .range = o.dynatemp_range, .exponent = o.dynatemp_exponent},
      tokens);
  if (o.mirostat.active) KeepUnsurprising(state->mirostat_mu, temperature, tokens);
  const double total = tokens->FillWeights(temperature);
  const double u = Uniform53(o.seed, RandomPurpose::kSampling, sequence, position);
  const int32_t token = Draw(total, u, *tokens);
  if (o.mirostat.active) {
    state->mirostat_mu =
        NextMirostatMu(o.mirostat, state->mirostat_mu, token, total, temperature, *tokens);
  }
  return token;
}

SampledToken Sampler::Sample(std::span<const float> logits, std::span<const int32_t> history,
                             uint64_t sequence, uint64_t position, SamplerState* state) const {
  CHECK(!logits.empty() && state != nullptr);
  const ScopedFlushDenormals flush;
  const float raw_max = CheckedMax(logits);
  TokenScores& tokens = ThreadTokens();
  tokens.scores.assign(logits.begin(), logits.end());
  tokens.max = raw_max;
  const bool changed =
      !options_.logit_bias.empty() || options_.penalties.active() || options_.dry.active();
  if (changed) {
    ApplyBias(&tokens.scores);
    if (options_.penalties.active()) Penalize(options_.penalties, history, &tokens.scores);
    if (options_.dry.active()) PenalizeRepetition(options_.dry, history, &tokens.scores);
    tokens.max = CheckedMax(tokens.scores);
  }
  const int32_t token = Choose(sequence, position, state, &tokens);
  return {token, LogProbabilityBelow(logits, raw_max, token, tokens)};
}

SampledToken Sampler::Sample(std::span<const float> logits, std::span<const int32_t> history,
                             uint64_t sequence, uint64_t position) const {
  SamplerState state = InitialState();
  return Sample(logits, history, sequence, position, &state);
}

float LogProbability(std::span<const float> logits, int32_t token) {
  CHECK(token >= 0 && static_cast<size_t>(token) < logits.size());
  const ScopedFlushDenormals flush;
  return LogProbabilityBelow(logits, CheckedMax(logits), token, ThreadTokens());
}

std::vector<SampledToken> MostProbable(std::span<const float> logits, size_t count) {
  const ScopedFlushDenormals flush;
  const float max = CheckedMax(logits);
  const float log_sum = RefLog(static_cast<float>(ThreadTokens().FillWeightsOf(logits, max)));
  std::vector<Candidate> candidates;
  candidates.reserve(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    candidates.push_back({logits[i], static_cast<int32_t>(i)});
  }
  count = std::min(count, candidates.size());
  const auto end = candidates.begin() + static_cast<ptrdiff_t>(count);
  std::partial_sort(candidates.begin(), end, candidates.end(), Before);
  std::vector<SampledToken> best;
  for (auto it = candidates.begin(); it != end; ++it) {
    best.push_back({it->token, (it->score - max) - log_sum});
  }
  return best;
}

}  // namespace cambium
