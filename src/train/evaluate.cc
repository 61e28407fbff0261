// SPDX-License-Identifier: Apache-2.0
#include "train/evaluate.h"

#include <numbers>

#include "base/check.h"

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

LossEvaluator::LossEvaluator(ParameterStore& parameters, DType compute, uint32_t micro_batch_rows,
                             uint32_t row_tokens, ThreadPool& pool,
                             std::optional<ops::KvType> kv_type)
    : micro_batch_rows_(micro_batch_rows), row_tokens_(row_tokens), model_(parameters, row_tokens) {
  if (kv_type) ops::RequireKvType(*kv_type, parameters.config().head_dim);
  const Graph::Options options = {
      .compute = compute, .recording = false, .kv_type = kv_type, .trace = {}};
  const std::vector<int32_t> places(size_t{micro_batch_rows} * row_tokens);
  const Batch batch = {.rows = micro_batch_rows,
                       .row_tokens = row_tokens,
                       .tokens = places,
                       .targets = places,
                       .positions = places,
                       .segments = {}};
  Arena plan;
  Graph planning(plan, pool, options);
  Run(planning, batch, 0, nullptr);
  activations_bytes_ = plan.peak_bytes();
  arena_ = std::make_unique<Arena>(activations_bytes_);
  graph_ = std::make_unique<Graph>(*arena_, pool, options);
}

void LossEvaluator::Run(Graph& graph, const Batch& batch, uint32_t first_row, float* losses) {
  const size_t begin = size_t{first_row} * row_tokens_;
  const size_t T = size_t{micro_batch_rows_} * row_tokens_;
  std::vector<ops::AttentionSegment> segments;
  for (const BatchSegment& segment : batch.segments) {
    if (segment.begin < begin || segment.begin >= begin + T) continue;
    segments.push_back({.row = segment.begin - begin, .num_rows = segment.length});
  }
  graph.Begin(/*recording=*/false);
  const Graph::Value hidden =
      model_.Hidden(graph, {.tokens = std::span(batch.tokens).subspan(begin, T),
                            .positions = std::span(batch.positions).subspan(begin, T),
                            .segments = segments,
                            .caches = {}});
  graph.CrossEntropy(hidden, model_.head(), std::span(batch.targets).subspan(begin, T),
                     model_.config().logit_softcap, 0, losses);
}

void LossEvaluator::Losses(const Batch& batch, std::vector<float>& losses) {
  CHECK(batch.rows % micro_batch_rows_ == 0 && batch.row_tokens == row_tokens_);
  const ScopedFlushDenormals flush;
  losses.resize(batch.tokens.size());
  for (uint32_t row = 0; row < batch.rows; row += micro_batch_rows_) {
    Run(*graph_, batch, row, losses.data() + size_t{row} * row_tokens_);
  }
}

}  // namespace cambium
