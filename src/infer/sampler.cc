// SPDX-License-Identifier: Apache-2.0
#include "infer/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
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
constexpr int32_t kSignBit = std::numeric_limits<int32_t>::min();

struct Candidate {
  float logit;
  int32_t token;
};

// The order that "largest" means: by logit, then the lowest id. A total order: no logit is NaN.
bool Before(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

// Working memory of one thread: a vocabulary's worth is beyond what malloc keeps between calls.
struct Workspace {
  std::vector<float> scores;
  std::vector<float> weights;
  std::vector<float> block_sums;  // of weights
};

Workspace& ThreadWorkspace() {
  thread_local Workspace workspace;
  return workspace;
}

// Fills weights and block_sums. Returns the sum of the blocks, in double, ascending.
double FillWeights(std::span<const float> scores, float max, float temperature, Workspace& work) {
  work.weights.resize(scores.size());
  work.block_sums.resize((scores.size() + kWeightBlock - 1) / kWeightBlock);
  SoftmaxWeights(scores, max, temperature, work.weights.data(), work.block_sums.data());
  double sum = 0;
  for (const float block : work.block_sums) sum += static_cast<double>(block);
  return sum;
}

// The largest logit. Throws where there is none to choose. Bits of floats, with those of negative
// ones turned around, order like integers; so the loop needs no float comparisons, which compilers
// do not vectorize.
float CheckedMax(std::span<const float> logits) {
  constexpr int32_t kInfinity = 0x7f800000;
  int32_t max = std::numeric_limits<int32_t>::min();
  int32_t magnitude = 0;
  for (const float logit : logits) {
    const int32_t bits = std::bit_cast<int32_t>(logit);
    const int32_t absolute = bits & 0x7fffffff;
    max = std::max(max, bits < 0 ? ~absolute : bits);
    magnitude = std::max(magnitude, absolute);
  }
  const float value = std::bit_cast<float>(max < 0 ? ~max | kSignBit : max);
  if (magnitude > kInfinity || max == kInfinity || value == kMinusInfinity) {
    Fail(
        ErrorCode::kInternal,
        "the logits of {} tokens are not finite: the weights of the model are damaged, or overflow "
        "in this compute type",
        logits.size());
  }
  return value;
}

float LogProbabilityBelow(std::span<const float> logits, float max, int32_t token,
                          Workspace& work) {
  const double sum = FillWeights(logits, max, 1.0f, work);
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
void KeepTopP(float top_p, float max, std::vector<float>* scores, Workspace& work) {
  const double wanted = static_cast<double>(top_p) * FillWeights(*scores, max, 1.0f, work);
  std::vector<Candidate> candidates = Candidates(*scores);
  double sum = 0;
  for (size_t sorted = 0; sorted < candidates.size();) {
    const size_t next = std::min(candidates.size(), std::max<size_t>(64, sorted * 8));
    std::partial_sort(candidates.begin() + static_cast<ptrdiff_t>(sorted),
                      candidates.begin() + static_cast<ptrdiff_t>(next), candidates.end(), Before);
    for (; sorted < next; ++sorted) {
      sum += static_cast<double>(work.weights[static_cast<size_t>(candidates[sorted].token)]);
      if (sum >= wanted) return RemoveBehind(candidates[sorted], scores);
    }
  }
}

// Step 4.
void KeepMinP(float min_p, float max, std::vector<float>* scores, Workspace& work) {
  FillWeights(*scores, max, 1.0f, work);
  for (size_t i = 0; i < scores->size(); ++i) {
    if (work.weights[i] < min_p) (*scores)[i] = kMinusInfinity;
  }
}

// Steps 5 and 6.
int32_t Draw(std::span<const float> scores, float max, float temperature, double u,
             Workspace& work) {
  const double target = u * FillWeights(scores, max, temperature, work);
  double sum = 0;
  size_t block = 0;  // the one in which the running sum passes the target
  size_t last = 0;   // the last that holds any weight
  for (; block < work.block_sums.size(); ++block) {
    const double block_sum = static_cast<double>(work.block_sums[block]);
    if (block_sum > 0) last = block;
    if (sum + block_sum > target) break;
    sum += block_sum;
  }
  // Rounding may keep the sum below its target to the end.
  if (block == work.block_sums.size()) block = last;
  const size_t begin = block * kWeightBlock;
  const size_t end = std::min(begin + kWeightBlock, scores.size());
  size_t chosen = begin;
  for (size_t i = begin; i < end; ++i) {
    const float weight = work.weights[i];
    if (weight == 0) continue;
    chosen = i;
    sum += static_cast<double>(weight);
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
  Workspace& work = ThreadWorkspace();
  std::vector<float>& scores = work.scores;
  scores.assign(logits.begin(), logits.end());
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
    if (options_.top_p < 1) KeepTopP(options_.top_p, max, &scores, work);
    if (options_.min_p > 0) KeepMinP(options_.min_p, max, &scores, work);
    const uint64_t bits =
        Philox(options_.seed, RandomPurpose::kSampling).Bits64(sequence, position);
    const double u = static_cast<double>(bits >> 11) * 0x1p-53;
    token = Draw(scores, max, options_.temperature, u, work);
  }
  return {token, LogProbabilityBelow(logits, raw_max, token, work)};
}

float LogProbability(std::span<const float> logits, int32_t token) {
  CHECK(token >= 0 && static_cast<size_t>(token) < logits.size());
  const ScopedFlushDenormals flush;
  return LogProbabilityBelow(logits, CheckedMax(logits), token, ThreadWorkspace());
}

}  // namespace cambium
