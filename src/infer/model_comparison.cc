// SPDX-License-Identifier: Apache-2.0
#include "infer/model_comparison.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "infer/softmax_weights.h"

namespace cambium {
namespace {

// Of one row of logits.
struct Softmax {
  explicit Softmax(std::span<const float> row) : logits(row), weights(row.size()) {
    best = static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    std::vector<float> block_sums((row.size() + kWeightBlock - 1) / kWeightBlock);
    SoftmaxWeights(row, row[best], 1.0f, weights.data(), block_sums.data());
    for (const float block : block_sums) sum += static_cast<double>(block);
    log_sum = std::log(sum);
  }

  double LogProbability(size_t i) const {
    return static_cast<double>(logits[i]) - static_cast<double>(logits[best]) - log_sum;
  }

  std::span<const float> logits;
  std::vector<float> weights;
  size_t best = 0;
  double sum = 0, log_sum = 0;
};

}  // namespace

double ComparisonResult::model_perplexity() const {
  return std::exp(model_nats / static_cast<double>(num_tokens));
}
double ComparisonResult::reference_perplexity() const {
  return std::exp(reference_nats / static_cast<double>(num_tokens));
}
double ComparisonResult::same_best_share() const {
  return static_cast<double>(same_best) / static_cast<double>(num_tokens);
}

ModelComparison::ModelComparison(Engine& model, Engine& reference, size_t num_tokens,
                                 size_t max_segment)
    : model_(model),
      reference_(reference),
      num_tokens_(num_tokens),
      model_sequence_(model.NewSequence(max_segment)),
      reference_sequence_(reference.NewSequence(max_segment)) {}

ModelComparison::Row ModelComparison::Compare(std::span<const float> model,
                                              std::span<const float> reference,
                                              int32_t target) const {
  const Softmax q(model), p(reference);
  double divergence = 0;
  for (size_t i = 0; i < p.weights.size(); ++i) {
    if (p.weights[i] == 0) continue;
    divergence += static_cast<double>(p.weights[i]) * (p.LogProbability(i) - q.LogProbability(i));
  }
  const auto came = static_cast<size_t>(target);
  return {.model_nats = -q.LogProbability(came),
          .reference_nats = -p.LogProbability(came),
          // Rounding may leave a little less than nothing.
          .divergence = std::max(divergence / p.sum, 0.0),
          .same_best = p.best == q.best};
}

void ModelComparison::Add(std::span<const int32_t> tokens, std::span<const int32_t> targets,
                          const std::function<void(uint64_t)>& progress) {
  while (!targets.empty() && targets.back() < 0) targets = targets.first(targets.size() - 1);
  tokens = tokens.first(targets.size());
  model_sequence_.Truncate(0);
  reference_sequence_.Truncate(0);
  const size_t model_row = model_.config().vocab_size;
  const size_t reference_row = reference_.config().vocab_size;
  for (size_t begin = 0; begin < tokens.size(); begin += kPassTokens) {
    const size_t count = std::min(kPassTokens, tokens.size() - begin);
    const std::span<const int32_t> part = tokens.subspan(begin, count);
    const ForwardRequest of_model = {&model_sequence_, part, LogitsOf::kAll};
    const ForwardRequest of_reference = {&reference_sequence_, part, LogitsOf::kAll};
    const std::span<const float> model_logits = model_.Forward({&of_model, 1});
    const std::span<const float> reference_logits = reference_.Forward({&of_reference, 1});
    std::vector<Row> rows(count);
    model_.pool().ParallelFor(count, [&](size_t i, size_t) {
      if (targets[begin + i] < 0) return;
      rows[i] =
          Compare(model_logits.subspan(i * model_row, num_tokens_),
                  reference_logits.subspan(i * reference_row, num_tokens_), targets[begin + i]);
    });
    for (size_t i = 0; i < count; ++i) {
      if (targets[begin + i] < 0) continue;
      if (!std::isfinite(rows[i].model_nats) || !std::isfinite(rows[i].reference_nats) ||
          !std::isfinite(rows[i].divergence)) {
        Fail(ErrorCode::kCorruptData,
             "the logits are not finite: the weights are damaged, or overflow in this compute "
             "type");
      }
      result_.model_nats += rows[i].model_nats;
      result_.reference_nats += rows[i].reference_nats;
      result_.same_best += rows[i].same_best ? 1 : 0;
      divergences_.push_back(rows[i].divergence);
    }
    if (progress) progress(num_tokens());
  }
}

ComparisonResult ModelComparison::Finish() {
  result_.num_tokens = divergences_.size();
  if (divergences_.empty()) return result_;
  double sum = 0;
  for (const double divergence : divergences_) sum += divergence;
  result_.mean_kl = sum / static_cast<double>(divergences_.size());
  std::sort(divergences_.begin(), divergences_.end());
  const auto percentile = [&](size_t percent) {
    const size_t rank = (divergences_.size() * percent + 99) / 100;
    return divergences_[std::max<size_t>(rank, 1) - 1];
  };
  result_.median_kl = percentile(50);
  result_.kl_99_percent = percentile(99);
  result_.max_kl = divergences_.back();
  return result_;
}

}  // namespace cambium
