// SPDX-License-Identifier: Apache-2.0
#include "infer/sampling/token_scores.h"

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "infer/softmax_weights.h"

namespace cambium {
namespace {

double Fill(std::span<const float> scores, float max, float temperature, TokenScores& work) {
  work.weights.resize(scores.size());
  work.block_sums.resize((scores.size() + kWeightBlock - 1) / kWeightBlock);
  SoftmaxWeights(scores, max, temperature, work.weights.data(), work.block_sums.data());
  double sum = 0;
  for (const float block : work.block_sums) sum += static_cast<double>(block);
  return sum;
}

}  // namespace

double TokenScores::FillWeights(float temperature) { return Fill(scores, max, temperature, *this); }

double TokenScores::FillWeightsOf(std::span<const float> logits, float logits_max) {
  return Fill(logits, logits_max, 1.0f, *this);
}

std::vector<Candidate> TokenScores::Candidates() const {
  std::vector<Candidate> candidates;
  candidates.reserve(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > kTokenIsOut) candidates.push_back({scores[i], static_cast<int32_t>(i)});
  }
  return candidates;
}

void TokenScores::RemoveBehind(const Candidate& last) {
  for (size_t i = 0; i < scores.size(); ++i) {
    if (Before(last, {scores[i], static_cast<int32_t>(i)})) scores[i] = kTokenIsOut;
  }
}

Candidate TokenScores::Best() const {
  const auto best = std::max_element(scores.begin(), scores.end());
  return {*best, static_cast<int32_t>(best - scores.begin())};
}

// Bits of floats, with those of negative ones turned around, order like integers; so the loop needs
// no float comparisons, which compilers do not vectorize.
float CheckedMax(std::span<const float> logits) {
  constexpr int32_t kInfinity = 0x7f800000;
  constexpr int32_t kSignBit = std::numeric_limits<int32_t>::min();
  int32_t max = kSignBit;
  int32_t magnitude = 0;
  for (const float logit : logits) {
    const int32_t bits = std::bit_cast<int32_t>(logit);
    const int32_t absolute = bits & 0x7fffffff;
    max = std::max(max, bits < 0 ? ~absolute : bits);
    magnitude = std::max(magnitude, absolute);
  }
  const float value = std::bit_cast<float>(max < 0 ? ~max | kSignBit : max);
  if (magnitude > kInfinity || max == kInfinity || value == kTokenIsOut) {
    Fail(
        ErrorCode::kInternal,
        "the logits of {} tokens are not finite: the weights of the model are damaged, or overflow "
        "in this compute type",
        logits.size());
  }
  return value;
}

}  // namespace cambium
