// SPDX-License-Identifier: Apache-2.0
#include "infer/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/philox.h"
#include "infer/softmax_weights.h"
#include "numerics/math_ref.h"
#include "numerics/simd_target.h"

namespace cambium {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> RandomLogits(size_t size, uint64_t stream) {
  const Philox random(3, RandomPurpose::kTest);
  std::vector<float> logits(size);
  for (size_t i = 0; i < size; ++i) logits[i] = 12.0f * random.Uniform(stream, i) - 4.0f;
  return logits;
}

int32_t SampleToken(const SamplerOptions& options, std::span<const float> logits,
                    std::span<const int32_t> history = {}, uint64_t sequence = 0,
                    uint64_t position = 0) {
  return Sampler(options).Sample(logits, history, sequence, position).token;
}

// How often each token is drawn over `draws` positions.
std::map<int32_t, int> Counts(const SamplerOptions& options, std::span<const float> logits,
                              int draws) {
  const Sampler sampler(options);
  std::map<int32_t, int> counts;
  for (int i = 0; i < draws; ++i) {
    ++counts[sampler.Sample(logits, {}, 5, static_cast<uint64_t>(i)).token];
  }
  return counts;
}

TEST(Sampler, TemperatureZeroTakesTheLargestAndTheLowestOfEqualOnes) {
  const std::vector<float> logits = {1, 3, -kInfinity, 3, 2};
  EXPECT_EQ(SampleToken({.temperature = 0}, logits), 1);
  EXPECT_EQ(
      SampleToken({.temperature = 0, .penalties = {.repeat = 2}}, logits, std::vector<int32_t>{1}),
      3);
  EXPECT_EQ(SampleToken({.temperature = 0, .penalties = {.repeat = 2}}, logits,
                        std::vector<int32_t>{1, 3, 3, 1, 700, -1}),
            4);
  // Only the last tokens count.
  EXPECT_EQ(SampleToken({.temperature = 0, .penalties = {.repeat = 2, .last_n = 1}}, logits,
                        std::vector<int32_t>{1, 3}),
            1);
}

TEST(Sampler, PenaltyMovesNegativeLogitsDown) {
  const std::vector<float> logits = {-1.0f, -1.5f};
  EXPECT_EQ(
      SampleToken({.temperature = 0, .penalties = {.repeat = 2}}, logits, std::vector<int32_t>{0}),
      1);
}

TEST(Sampler, DryCountsTheLongestRepetitionSinceABreaker) {
  const std::vector<int32_t> history = {1, 2, 9, 3, 4, 5, 1, 2, 9, 3, 4, 6, 3, 4, 9, 1, 2, 9, 3, 4};
  const auto penalties = [&](const DryOptions& options) {
    std::vector<float> logits(10, 0.0f);
    PenalizeRepetition(options, history, &logits);
    return logits;
  };
  // "1 2 9 3 4" was followed by 5 and 6, "3 4" by 9.
  EXPECT_EQ(penalties({.multiplier = 1, .base = 2}),
            (std::vector<float>{0, 0, 0, 0, 0, -8, -8, 0, 0, -1}));
  // Matches begin behind the breaker, which is not penalised itself.
  EXPECT_EQ(penalties({.multiplier = 1, .base = 2, .allowed_length = 1, .breakers = {9}}),
            (std::vector<float>{0, 0, 0, 0, 0, -2, -2, 0, 0, 0}));
  EXPECT_EQ(penalties({.multiplier = 1, .base = 2, .last_n = 14}),
            (std::vector<float>{0, 0, 0, 0, 0, 0, -8, 0, 0, -1}));
  EXPECT_EQ(penalties({.multiplier = 1, .base = 2, .allowed_length = 6}),
            std::vector<float>(10, 0.0f));
}

TEST(Sampler, DrawsInProportionToProbabilities) {
  const std::vector<float> logits = {std::log(1.0f), std::log(2.0f), std::log(5.0f), -kInfinity};
  const auto check = [&](float temperature) {
    double weights[3], total = 0;
    for (int i = 0; i < 3; ++i) {
      weights[i] = std::exp(static_cast<double>(logits[static_cast<size_t>(i)]) /
                            static_cast<double>(temperature));
      total += weights[i];
    }
    constexpr int kDraws = 20000;
    std::map<int32_t, int> counts = Counts({.temperature = temperature}, logits, kDraws);
    EXPECT_EQ(counts.count(3), 0u);
    for (int i = 0; i < 3; ++i) {
      const double p = weights[i] / total;
      // Five standard deviations.
      EXPECT_NEAR(counts[i], kDraws * p, 5 * std::sqrt(kDraws * p * (1 - p))) << temperature;
    }
  };
  check(1.0f);
  check(0.5f);
  check(3.0f);
}

TEST(Sampler, DependsOnSeedSequenceAndPositionOnly) {
  const std::vector<float> logits(1000, 0.0f);
  const SamplerOptions options = {.seed = 11};
  const int32_t token = SampleToken(options, logits, {}, 2, 3);
  EXPECT_EQ(token, SampleToken(options, logits, {}, 2, 3));
  EXPECT_NE(token, SampleToken(options, logits, {}, 3, 2));
  EXPECT_NE(token, SampleToken(options, logits, {}, 2, 4));
  EXPECT_NE(token, SampleToken({.seed = 12}, logits, {}, 2, 3));
  // Recorded: the drawn token is part of the contract.
  EXPECT_EQ(token, 752);
}

TEST(Sampler, TopKKeepsTheLargestAndTheLowestIdsOfEqualOnes) {
  const std::vector<float> logits = {0, 1, 1, 1, 2, 0};
  const std::map<int32_t, int> counts = Counts({.top_k = 3}, logits, 2000);
  ASSERT_EQ(counts.size(), 3u);
  EXPECT_TRUE(counts.count(4) == 1 && counts.count(1) == 1 && counts.count(2) == 1);
  EXPECT_EQ(Counts({.top_k = 6}, logits, 2000).size(), 6u);
  EXPECT_EQ(Counts({.top_k = 600}, logits, 2000).size(), 6u);
}

TEST(Sampler, TopPKeepsTheSmallestSetThatReachesP) {
  const std::vector<float> logits = {std::log(0.1f), std::log(0.2f), std::log(0.3f),
                                     std::log(0.4f)};
  const auto kept = [&](float p) { return Counts({.top_p = p}, logits, 2000).size(); };
  EXPECT_EQ(kept(0.1f), 1u);
  EXPECT_EQ(kept(0.39f), 1u);
  EXPECT_EQ(kept(0.41f), 2u);
  EXPECT_EQ(kept(0.69f), 2u);
  EXPECT_EQ(kept(0.71f), 3u);
  EXPECT_EQ(kept(0.95f), 4u);
  // After top-k, probabilities are of what is left: 0.4 / 0.7 reaches 0.55.
  EXPECT_EQ(Counts({.top_k = 2, .top_p = 0.55f}, logits, 2000).size(), 1u);
}

TEST(Sampler, MinPIsRelativeToTheMostProbable) {
  const std::vector<float> logits = {std::log(0.1f), std::log(0.2f), std::log(0.3f),
                                     std::log(0.4f)};
  EXPECT_EQ(Counts({.min_p = 0.6f}, logits, 2000).size(), 2u);
  EXPECT_EQ(Counts({.min_p = 1.0f}, logits, 2000).size(), 1u);
  EXPECT_EQ(Counts({.min_p = 0.2f}, logits, 2000).size(), 4u);
  // Cut before temperature makes the rest more alike.
  EXPECT_EQ(Counts({.temperature = 100, .min_p = 0.6f}, logits, 2000).size(), 2u);
}

// Plain code for the documented steps: everything sorted, everything copied.
int32_t PlainSample(const SamplerOptions& options, std::span<const float> logits, double u) {
  std::vector<std::pair<float, int32_t>> kept(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) kept[i] = {-logits[i], static_cast<int32_t>(i)};
  std::sort(kept.begin(), kept.end());
  if (options.top_k != 0 && options.top_k < kept.size()) kept.resize(options.top_k);
  const double max = -static_cast<double>(kept[0].first);
  const auto weight = [&](size_t i, double t) {
    return std::exp((-static_cast<double>(kept[i].first) - max) / t);
  };
  double total = 0, sum = 0;
  for (size_t i = 0; i < kept.size(); ++i) total += weight(i, 1);
  size_t count = 0;
  while (count < kept.size() && sum < static_cast<double>(options.top_p) * total) {
    sum += weight(count++, 1);
  }
  kept.resize(count);
  while (weight(kept.size() - 1, 1) < static_cast<double>(options.min_p)) kept.pop_back();
  std::sort(kept.begin(), kept.end(), [](auto a, auto b) { return a.second < b.second; });
  total = sum = 0;
  const double t = static_cast<double>(options.temperature);
  for (size_t i = 0; i < kept.size(); ++i) total += weight(i, t);
  for (size_t i = 0; i < kept.size(); ++i) {
    sum += weight(i, t);
    if (sum > u * total) return kept[i].second;
  }
  return kept.back().second;
}

TEST(Sampler, EqualsPlainCodeOnLargeVocabularies) {
  const std::vector<SamplerOptions> all = {
      {},
      {.temperature = 0.7f, .top_k = 40, .top_p = 0.9f, .min_p = 0.05f},
      {.top_p = 0.5f},
      {.temperature = 5, .top_p = 0.999f},
      {.temperature = 1.5f, .top_k = 1000},
      {.min_p = 0.3f}};
  for (uint64_t stream = 0; stream < 4; ++stream) {
    const std::vector<float> logits = RandomLogits(5000, stream);
    for (size_t i = 0; i < all.size(); ++i) {
      const Philox random(all[i].seed, RandomPurpose::kSampling);
      for (uint64_t position = 0; position < 20; ++position) {
        const double u = static_cast<double>(random.Bits64(1, position) >> 11) * 0x1p-53;
        EXPECT_EQ(SampleToken(all[i], logits, {}, 1, position), PlainSample(all[i], logits, u))
            << "options " << i << ", position " << position;
      }
    }
  }
}

TEST(Sampler, WeightsAreThoseOfTheReferenceOnEveryTarget) {
  std::vector<float> scores = RandomLogits(1003, 8);
  scores[17] = -kInfinity;
  scores[18] = -100;
  const float max = *std::max_element(scores.begin(), scores.end());
  for (const SimdTarget target : AvailableSimdTargets()) {
    SetSimdTarget(target);
    for (const float temperature : {1.0f, 0.7f}) {
      std::vector<float> weights(scores.size());
      std::vector<float> block_sums((scores.size() + kWeightBlock - 1) / kWeightBlock);
      SoftmaxWeights(scores, max, temperature, weights.data(), block_sums.data());
      for (size_t i = 0; i < scores.size(); ++i) {
        ASSERT_EQ(weights[i],
                  RefExpNonPositive((scores[i] - max) / temperature, math::kSoftmaxLowest))
            << SimdTargetName(target) << " " << i;
      }
      for (size_t block = 0; block < block_sums.size(); ++block) {
        float partial[16] = {};
        const size_t begin = block * kWeightBlock;
        for (size_t i = begin; i < std::min(begin + kWeightBlock, scores.size()); ++i) {
          partial[i % 16] += weights[i];
        }
        for (size_t half = 8; half > 0; half /= 2) {
          for (size_t i = 0; i < half; ++i) partial[i] += partial[i + half];
        }
        ASSERT_EQ(block_sums[block], partial[0]) << SimdTargetName(target) << " " << block;
      }
    }
  }
}

// Weights of 2^-24 of the largest one: a sum in f32 would lose them all.
TEST(Sampler, SmallWeightsOfALargeVocabularyAreDrawn) {
  std::vector<float> logits(1u << 16, -12.0f);
  logits[40000] = 0;
  const double rest = 65535 * std::exp(-12.0);
  size_t num_rest = 0;
  constexpr size_t kDraws = 1500;
  for (size_t position = 0; position < kDraws; ++position) {
    num_rest += SampleToken({.seed = 3}, logits, {}, 0, position) != 40000;
  }
  const double expected = rest / (1 + rest);
  EXPECT_NEAR(static_cast<double>(num_rest) / kDraws, expected, 0.04) << expected;
}

TEST(Sampler, LogprobIsThatOfTheModel) {
  const std::vector<float> logits = RandomLogits(3000, 9);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  const SampledToken sampled = Sampler({.temperature = 2, .top_k = 10, .penalties = {.repeat = 3}})
                                   .Sample(logits, std::vector<int32_t>{1, 2, 3}, 0, 0);
  const double expected =
      static_cast<double>(logits[static_cast<size_t>(sampled.token)]) - std::log(sum);
  EXPECT_NEAR(static_cast<double>(sampled.logprob), expected, 1e-5);
  EXPECT_EQ(LogProbability(logits, sampled.token), sampled.logprob);
}

TEST(Sampler, RefusesBadOptionsAndLogits) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const SamplerOptions& options : std::vector<SamplerOptions>{{.temperature = -1},
                                                                   {.temperature = nan},
                                                                   {.temperature = 1e-6f},
                                                                   {.top_p = 0},
                                                                   {.top_p = 1.5f},
                                                                   {.top_p = nan},
                                                                   {.min_p = -0.1f},
                                                                   {.min_p = 2},
                                                                   {.penalties = {.repeat = 0}}}) {
    EXPECT_THROW(Sampler{options}, Error);
  }
  for (const float bad : {nan, kInfinity}) {
    EXPECT_THROW(SampleToken({}, std::vector<float>{0, bad, 1}), Error);
  }
  EXPECT_THROW(SampleToken({}, std::vector<float>{-kInfinity, -kInfinity}), Error);
}

}  // namespace
}  // namespace cambium
