// SPDX-License-Identifier: Apache-2.0
#include "infer/sampling/truncation.h"

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {

// Keeps candidates, in the order that `before` says, until their weights reach `wanted`. Calls
// last(candidate) with the one that does. Sorts ever longer prefixes, since a few tokens usually
// hold most of the probability.
template <typename Order, typename OnLast>
void UntilWeight(std::vector<Candidate> candidates, const std::vector<float>& weights,
                 double wanted, const Order& before, const OnLast& on_last) {
  double sum = 0;
  for (size_t sorted = 0; sorted < candidates.size();) {
    const size_t next = std::min(candidates.size(), std::max<size_t>(64, sorted * 8));
    std::partial_sort(candidates.begin() + static_cast<ptrdiff_t>(sorted),
                      candidates.begin() + static_cast<ptrdiff_t>(next), candidates.end(), before);
    for (; sorted < next; ++sorted) {
      sum += static_cast<double>(weights[static_cast<size_t>(candidates[sorted].token)]);
      if (sum >= wanted) return on_last(candidates[sorted]);
    }
  }
}

}  // namespace

void KeepTopNSigma(float n, TokenScores* tokens) {
  double sum = 0, squares = 0;
  size_t count = 0;
  for (const float score : tokens->scores) {
    if (score == kTokenIsOut) continue;
    sum += static_cast<double>(score);
    ++count;
  }
  const double mean = sum / static_cast<double>(count);
  for (const float score : tokens->scores) {
    if (score == kTokenIsOut) continue;
    const double difference = static_cast<double>(score) - mean;
    squares += difference * difference;
  }
  const double sigma = std::sqrt(squares / static_cast<double>(count));
  const double lowest = static_cast<double>(tokens->max) - static_cast<double>(n) * sigma;
  for (float& score : tokens->scores) {
    if (static_cast<double>(score) < lowest) score = kTokenIsOut;
  }
}

void KeepTopK(size_t k, TokenScores* tokens) {
  std::vector<Candidate> candidates = tokens->Candidates();
  if (k >= candidates.size()) return;
  const auto last = candidates.begin() + static_cast<ptrdiff_t>(k - 1);
  std::nth_element(candidates.begin(), last, candidates.end(), Before);
  tokens->RemoveBehind(*last);
}

void KeepTypical(float p, TokenScores* tokens) {
  const double total = tokens->FillWeights(1.0f);
  double expected = 0;
  for (size_t i = 0; i < tokens->scores.size(); ++i) {
    if (tokens->weights[i] == 0) continue;
    expected += static_cast<double>(tokens->weights[i]) *
                (static_cast<double>(tokens->scores[i]) - static_cast<double>(tokens->max));
  }
  expected = static_cast<double>(tokens->max) + expected / total;
  const auto distance = [&](const Candidate& candidate) {
    return std::abs(static_cast<double>(candidate.score) - expected);
  };
  const auto nearer = [&](const Candidate& a, const Candidate& b) {
    const double of_a = distance(a), of_b = distance(b);
    return of_a != of_b ? of_a < of_b : a.token < b.token;
  };
  UntilWeight(tokens->Candidates(), tokens->weights, static_cast<double>(p) * total, nearer,
              [&](const Candidate& last) {
                for (size_t i = 0; i < tokens->scores.size(); ++i) {
                  if (nearer(last, {tokens->scores[i], static_cast<int32_t>(i)})) {
                    tokens->scores[i] = kTokenIsOut;
                  }
                }
              });
  tokens->max = tokens->Best().score;
}

void KeepTopP(float p, TokenScores* tokens) {
  const double wanted = static_cast<double>(p) * tokens->FillWeights(1.0f);
  UntilWeight(tokens->Candidates(), tokens->weights, wanted, Before,
              [&](const Candidate& last) { tokens->RemoveBehind(last); });
}

void KeepMinP(float min_p, TokenScores* tokens) {
  tokens->FillWeights(1.0f);
  for (size_t i = 0; i < tokens->scores.size(); ++i) {
    if (tokens->weights[i] < min_p) tokens->scores[i] = kTokenIsOut;
  }
}

void ExcludeTopChoices(float probability, float threshold, double u, TokenScores* tokens) {
  if (u >= static_cast<double>(probability)) return;
  const double lowest = static_cast<double>(threshold) * tokens->FillWeights(1.0f);
  std::vector<Candidate> top;
  for (size_t i = 0; i < tokens->scores.size(); ++i) {
    if (tokens->scores[i] > kTokenIsOut && static_cast<double>(tokens->weights[i]) >= lowest) {
      top.push_back({tokens->scores[i], static_cast<int32_t>(i)});
    }
  }
  if (top.size() < 2) return;
  const Candidate kept = *std::max_element(top.begin(), top.end(), Before);
  for (const Candidate& choice : top) {
    if (choice.token != kept.token) tokens->scores[static_cast<size_t>(choice.token)] = kTokenIsOut;
  }
  tokens->max = kept.score;
}

}  // namespace cambium
