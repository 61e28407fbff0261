// SPDX-License-Identifier: Apache-2.0
#include "infer/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/philox.h"
#include "base/thread_pool.h"
#include "infer/softmax_weights.h"
#include "numerics/math_ref.h"

namespace cambium {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

struct Candidate {
  float logit;
  int32_t token;
};

// The order that "largest" means: by logit, then the lowest id. A total order: no logit is NaN.
bool Before(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

// Returns the sum, in double, ascending.
double FillWeights(std::span<const float> scores, float max, float temperature,
                   std::vector<float>* weights) {
  weights->resize(scores.size());
  SoftmaxWeights(scores, max, temperature, weights->data());
  double sum = 0;
  for (size_t i = 0; i < scores.size(); ++i) sum += static_cast<double>((*weights)[i]);
  return sum;
}

// The largest logit. Throws where there is none to choose.
float CheckedMax(std::span<const float> logits) {
  float max = kMinusInfinity;
  bool finite = true;
  for (const float logit : logits) {
    finite &= logit <= std::numeric_limits<float>::max();  // false for NaN and +inf
    max = logit > max ? logit : max;
  }
  if (!finite || max == kMinusInfinity) {
    Fail(
        ErrorCode::kInternal,
        "the logits of {} tokens are not finite: the weights of the model are damaged, or overflow "
        "in this compute type",
        logits.size());
  }
  return max;
}

float LogProbabilityBelow(std::span<const float> logits, float max, int32_t token,
                          std::vector<float>* weights) {
  const double sum = FillWeights(logits, max, 1.0f, weights);
  return (logits[static_cast<size_t>(token)] - max) - RefLog(static_cast<float>(sum));
}

// Step 1, for every distinct token once.
void Penalize(std::span<const int32_t> history, const SamplerOptions& options,
              std::vector<float>* logits) {
  const size_t n = std::min(history.size(), options.repeat_last_n);
  std::vector<int32_t> recent(history.end() - static_cast<ptrdiff_t>(n), history.end());
  std::sort(recent.begin(), recent.end());
  recent.erase(std::unique(recent.begin(), recent.end()), recent.end());
  for (const int32_t token : recent) {
    if (token < 0 || static_cast<size_t>(token) >= logits->size()) continue;
    float& logit = (*logits)[static_cast<size_t>(token)];
    logit = logit > 0 ? logit / options.repeat_penalty : logit * options.repeat_penalty;
  }
}

// Tokens that are out have the score -inf from here on.
std::vector<Candidate> Candidates(const std::vector<float>& scores) {
  std::vector<Candidate> candidates;
  candidates.reserve(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > kMinusInfinity) candidates.push_back({scores[i], static_cast<int32_t>(i)});
  }
  return candidates;
}

void RemoveBehind(const Candidate& last, std::vector<float>* scores) {
  for (size_t i = 0; i < scores->size(); ++i) {
    if (Before(last, {(*scores)[i], static_cast<int32_t>(i)})) (*scores)[i] = kMinusInfinity;
  }
}

// Step 2.
void KeepTopK(size_t k, std::vector<float>* scores) {
  std::vector<Candidate> candidates = Candidates(*scores);
  if (k >= candidates.size()) return;
  const auto last = candidates.begin() + static_cast<ptrdiff_t>(k - 1);
  std::nth_element(candidates.begin(), last, candidates.end(), Before);
  RemoveBehind(*last, scores);
}

// Step 3. Sorts ever longer prefixes, since a few tokens usually hold most of the probability.
void KeepTopP(float top_p, float max, std::vector<float>* scores, std::vector<float>* weights) {
  const double wanted = static_cast<double>(top_p) * FillWeights(*scores, max, 1.0f, weights);
  std::vector<Candidate> candidates = Candidates(*scores);
  double sum = 0;
  for (size_t sorted = 0; sorted < candidates.size();) {
    const size_t next = std::min(candidates.size(), std::max<size_t>(64, sorted * 8));
    std::partial_sort(candidates.begin() + static_cast<ptrdiff_t>(sorted),
                      candidates.begin() + static_cast<ptrdiff_t>(next), candidates.end(), Before);
    for (; sorted < next; ++sorted) {
      sum += static_cast<double>((*weights)[static_cast<size_t>(candidates[sorted].token)]);
      if (sum >= wanted) return RemoveBehind(candidates[sorted], scores);
    }
  }
}

// Step 4.
void KeepMinP(float min_p, float max, std::vector<float>* scores, std::vector<float>* weights) {
  FillWeights(*scores, max, 1.0f, weights);
  for (size_t i = 0; i < scores->size(); ++i) {
    if ((*weights)[i] < min_p) (*scores)[i] = kMinusInfinity;
  }
}

// Steps 5 and 6.
int32_t Draw(std::span<const float> scores, float max, float temperature, double u,
             std::vector<float>* weights) {
  const double target = u * FillWeights(scores, max, temperature, weights);
  double sum = 0;
  size_t chosen = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if ((*weights)[i] == 0) continue;
    chosen = i;
    sum += static_cast<double>((*weights)[i]);
    if (sum > target) break;
  }
  return static_cast<int32_t>(chosen);
}

}  // namespace

void SamplerOptions::Validate() const {
  const auto require = [](bool valid, const char* name, double value, const char* range) {
    if (!valid) Fail(ErrorCode::kInvalidArgument, "{} = {} must be {}", name, value, range);
  };
  // Written so that NaN fails. Below 1e-3 differences of logits overflow; that is temperature 0.
  require(temperature == 0 || (temperature >= 1e-3f && temperature <= 1e3f), "temperature",
          static_cast<double>(temperature), "0 or in [0.001, 1000]");
  require(top_p > 0 && top_p <= 1, "top_p", static_cast<double>(top_p), "in (0, 1]");
  require(min_p >= 0 && min_p <= 1, "min_p", static_cast<double>(min_p), "in [0, 1]");
  require(repeat_penalty >= 0.1f && repeat_penalty <= 10.0f, "repeat_penalty",
          static_cast<double>(repeat_penalty), "in [0.1, 10]");
}

Sampler::Sampler(const SamplerOptions& options) : options_(options) { options.Validate(); }

SampledToken Sampler::Sample(std::span<const float> logits, std::span<const int32_t> history,
                             uint64_t sequence, uint64_t position) const {
  CHECK(!logits.empty());
  const ScopedFlushDenormals flush;
  const float raw_max = CheckedMax(logits);
  std::vector<float> weights;  // working memory
  std::vector<float> scores(logits.begin(), logits.end());
  float max = raw_max;
  if (options_.repeat_penalty != 1.0f) {
    Penalize(history, options_, &scores);
    max = CheckedMax(scores);
  }
  int32_t token = 0;
  if (options_.temperature == 0) {
    token = static_cast<int32_t>(std::find(scores.begin(), scores.end(), max) - scores.begin());
  } else {
    if (options_.top_k != 0) KeepTopK(options_.top_k, &scores);
    if (options_.top_p < 1) KeepTopP(options_.top_p, max, &scores, &weights);
    if (options_.min_p > 0) KeepMinP(options_.min_p, max, &scores, &weights);
    const uint64_t bits =
        Philox(options_.seed, RandomPurpose::kSampling).Bits64(sequence, position);
    const double u = static_cast<double>(bits >> 11) * 0x1p-53;
    token = Draw(scores, max, options_.temperature, u, &weights);
  }
  return {token, LogProbabilityBelow(logits, raw_max, token, &weights)};
}

float LogProbability(std::span<const float> logits, int32_t token) {
  CHECK(token >= 0 && static_cast<size_t>(token) < logits.size());
  const ScopedFlushDenormals flush;
  std::vector<float> weights;
  return LogProbabilityBelow(logits, CheckedMax(logits), token, &weights);
}

}  // namespace cambium
