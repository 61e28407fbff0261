// SPDX-License-Identifier: Apache-2.0
#include "train/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <numbers>
#include <utility>

#include "base/check.h"
#include "base/physical_memory.h"

namespace cambium {

Evaluation Evaluate(Trainer& trainer, const ValidationLoader& loader) {
  Evaluation result;
  result.num_rows = loader.num_rows();
  result.total_rows = loader.total_rows();
  double sum = 0;
  Batch batch;
  for (uint64_t i = 0; i < loader.num_batches(); ++i) {
    loader.Load(i, batch);
    sum += trainer.SumLosses(batch);
    result.num_tokens += batch.num_targets;
    result.num_bytes += batch.target_bytes;
  }
  if (result.num_tokens > 0) result.nats_per_token = sum / static_cast<double>(result.num_tokens);
  if (result.num_bytes > 0) {
    result.bits_per_byte = sum / std::numbers::ln2 / static_cast<double>(result.num_bytes);
  }
  return result;
}

LossEvaluator::LossEvaluator(ParameterStore& parameters, const Options& options, ThreadPool& pool,
                             Consumer consumer)
    : parameters_(parameters),
      options_(options),
      consumer_(std::move(consumer)),
      model_(parameters, options.max_segment) {
  CHECK(options_.max_segment > 0 && options_.pass_tokens > 0);
  if (options_.kv_type) ops::RequireKvType(*options_.kv_type, parameters.config().head_dim);
  const Graph::Options graph_options = {
      .compute = options_.compute, .recording = false, .kv_type = options_.kv_type, .trace = {}};
  Arena plan;
  Graph planning(plan, pool, graph_options);
  // Every size is tried, since first-fit may place a smaller pass less well than a larger one.
  for (size_t n = 1; n <= options_.pass_tokens; ++n) {
    tokens_.assign(n, 0);
    targets_.assign(n, 0);
    positions_.assign(n, 0);
    Compute(planning, {}, nullptr);
  }
  tokens_.clear(), targets_.clear(), positions_.clear();
  activations_bytes_ = plan.peak_bytes();
  RequireMemory(static_cast<double>(parameters.memory_bytes() + activations_bytes_),
                "scoring text with this model", "a smaller model needs less",
                static_cast<double>(parameters.memory_bytes()));
  arena_ = std::make_unique<Arena>(activations_bytes_);
  graph_ = std::make_unique<Graph>(*arena_, pool, graph_options);
}

void LossEvaluator::Add(std::span<const int32_t> tokens, std::span<const int32_t> targets) {
  CHECK(tokens.size() == targets.size() && tokens.size() <= options_.max_segment);
  size_t length = targets.size();
  while (length > 0 && targets[length - 1] < 0) --length;
  if (length == 0) return;
  tokens = tokens.first(length);
  targets = targets.first(length);
  if (tokens_.size() + length > options_.pass_tokens) Finish();
  if (length > options_.pass_tokens) return AddLong(tokens, targets);
  AppendPiece(tokens, targets, 0);
}

void LossEvaluator::AddLong(std::span<const int32_t> tokens, std::span<const int32_t> targets) {
  const size_t length = tokens.size();
  if (cache_ == nullptr || cache_->capacity() < length) {
    cache_.reset();
    const size_t bytes =
        KvCache::SizeBytes(parameters_.config(), options_.compute,
                           options_.kv_type.value_or(ops::KvTypeOf(options_.compute)), length);
    const size_t held = parameters_.memory_bytes() + activations_bytes_;
    RequireMemory(static_cast<double>(held + bytes),
                  fmt::format("the model with the keys and values of {} tokens", length),
                  "a smaller --context or another --kv-type needs less", static_cast<double>(held));
    cache_ = std::make_unique<KvCache>(parameters_.config(), options_.compute,
                                       options_.kv_type.value_or(ops::KvTypeOf(options_.compute)),
                                       length);
  }
  cache_->Truncate(0);
  for (size_t begin = 0; begin < length; begin += options_.pass_tokens) {
    const size_t count = std::min(options_.pass_tokens, length - begin);
    AppendPiece(tokens.subspan(begin, count), targets.subspan(begin, count), begin);
    RunPass(cache_.get());
  }
}

void LossEvaluator::AppendPiece(std::span<const int32_t> tokens, std::span<const int32_t> targets,
                                size_t past) {
  segments_.push_back({.row = tokens_.size(), .num_rows = tokens.size()});
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  targets_.insert(targets_.end(), targets.begin(), targets.end());
  for (size_t i = 0; i < tokens.size(); ++i) positions_.push_back(static_cast<int32_t>(past + i));
}

void LossEvaluator::Finish() {
  if (!tokens_.empty()) RunPass(nullptr);
}

void LossEvaluator::RunPass(KvCache* cache) {
  const ScopedFlushDenormals flush;
  losses_.resize(tokens_.size());
  Compute(*graph_, std::span(&cache, cache == nullptr ? 0 : 1), losses_.data());
  consumer_(targets_, losses_);
  tokens_.clear(), targets_.clear(), positions_.clear(), segments_.clear();
}

void LossEvaluator::Compute(Graph& graph, std::span<KvCache* const> caches, float* losses) {
  graph.Begin(/*recording=*/false);
  const Graph::Value hidden = model_.Hidden(
      graph, {.tokens = tokens_, .positions = positions_, .segments = segments_, .caches = caches});
  graph.CrossEntropy(hidden, model_.head(), targets_, model_.config().logit_softcap, 0, losses);
}

}  // namespace cambium
