// SPDX-License-Identifier: Apache-2.0
#include "infer/model_comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "infer/sampler.h"

namespace cambium {
namespace {

constexpr size_t kVocab = 200;

std::unique_ptr<ParameterStore> RandomModel(uint64_t seed, size_t vocab_size, ThreadPool& pool) {
  ModelConfig config = FindModelPreset("nano").config;
  config.vocab_size = vocab_size;
  auto store = std::make_unique<ParameterStore>(config, /*with_gradients=*/false);
  store->Initialize(seed, pool);
  return store;
}

std::vector<double> LogSoftmax(std::span<const float> logits) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  std::vector<double> result;
  for (const float logit : logits) result.push_back(static_cast<double>(logit) - std::log(sum));
  return result;
}

TEST(ModelComparison, EqualsPlainFormulas) {
  ThreadPool pool(2);
  const auto model_store = RandomModel(1, kVocab + 8, pool);  // more rows than tokens
  const auto reference_store = RandomModel(2, kVocab, pool);
  Engine model(*model_store, pool, {.compute = DType::kF32});
  Engine reference(*reference_store, pool, {.compute = DType::kF32});
  std::vector<int32_t> tokens, targets;
  for (int32_t i = 0; i < 77; ++i) tokens.push_back(i * 7919 % 199);
  for (size_t i = 0; i < tokens.size(); ++i) {
    targets.push_back(i % 3 == 0 || i + 1 == tokens.size() ? -1 : tokens[i + 1]);
  }
  ModelComparison comparison(model, reference, kVocab, 100);
  comparison.Add(tokens, targets);
  comparison.Add(std::span(tokens).first(40), std::span(targets).first(40));
  const ComparisonResult result = comparison.Finish();

  std::vector<double> divergences;
  double model_nats = 0, reference_nats = 0;
  uint64_t same = 0;
  for (const size_t length : {size_t{77}, size_t{40}}) {
    Sequence a = model.NewSequence(100), b = reference.NewSequence(100);
    for (size_t i = 0; i < length; ++i) {
      const ForwardRequest of_model = {&a, std::span(tokens).subspan(i, 1), LogitsOf::kLast};
      const ForwardRequest of_reference = {&b, std::span(tokens).subspan(i, 1), LogitsOf::kLast};
      const auto q = LogSoftmax(model.Forward({&of_model, 1}).first(kVocab));
      const auto p = LogSoftmax(reference.Forward({&of_reference, 1}).first(kVocab));
      if (targets[i] < 0) continue;
      double divergence = 0;
      for (size_t t = 0; t < kVocab; ++t) divergence += std::exp(p[t]) * (p[t] - q[t]);
      divergences.push_back(divergence);
      model_nats -= q[static_cast<size_t>(targets[i])];
      reference_nats -= p[static_cast<size_t>(targets[i])];
      same += std::max_element(p.begin(), p.end()) - p.begin() ==
                      std::max_element(q.begin(), q.end()) - q.begin()
                  ? 1
                  : 0;
    }
  }
  const double count = static_cast<double>(divergences.size());
  EXPECT_EQ(result.num_tokens, divergences.size());
  EXPECT_NEAR(result.model_nats / model_nats, 1, 1e-6);
  EXPECT_NEAR(result.reference_nats / reference_nats, 1, 1e-6);
  EXPECT_NEAR(result.model_perplexity(), std::exp(model_nats / count), 1e-3);
  EXPECT_EQ(result.same_best, same);
  double sum = 0;
  for (const double divergence : divergences) sum += divergence;
  std::sort(divergences.begin(), divergences.end());
  EXPECT_NEAR(result.mean_kl, sum / count, 1e-6);
  EXPECT_GT(result.mean_kl, 0.001);
  EXPECT_NEAR(result.max_kl, divergences.back(), 1e-6);
  EXPECT_NEAR(result.kl_99_percent, divergences[static_cast<size_t>(std::ceil(count * 0.99)) - 1],
              1e-6);
  EXPECT_NEAR(result.median_kl, divergences[static_cast<size_t>(std::ceil(count * 0.5)) - 1], 1e-6);
}

TEST(ModelComparison, AModelIsNoDistanceFromItself) {
  ThreadPool pool(1);
  const auto store = RandomModel(1, kVocab, pool), twin = RandomModel(1, kVocab, pool);
  Engine model(*store, pool, {}), reference(*twin, pool, {});
  const std::vector<int32_t> tokens = {1, 2, 3, 4, 5}, targets = {2, 3, 4, 5, 6};
  ModelComparison comparison(model, reference, kVocab, 5);
  comparison.Add(tokens, targets);
  const ComparisonResult result = comparison.Finish();
  EXPECT_EQ(result.max_kl, 0);
  EXPECT_EQ(result.same_best_share(), 1);
  EXPECT_EQ(result.model_nats, result.reference_nats);
}

}  // namespace
}  // namespace cambium
