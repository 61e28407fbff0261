// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "tensor/ops/elementwise.h"

namespace cambium {

Trainer::Trainer(const TrainConfig& config, ParameterStore& parameters, ThreadPool& pool)
    : config_(config),
      plan_(PlanTraining(config, pool)),
      parameters_(parameters),
      pool_(pool),
      model_(parameters, config.row_tokens),
      optimizer_(config, parameters, pool) {
  // One micro-batch a step would use each packed form once.
  if (config.rows > config.micro_batch_rows) parameters.MakePackCaches(config.compute);
  levels_.resize(static_cast<size_t>(std::countr_zero(config.gradient_leaves)));
  arena_ = std::make_unique<Arena>(plan_.activations_bytes);
  graph_ = std::make_unique<Graph>(
      *arena_, pool_,
      Graph::Options{.compute = config_.compute,
                     .recording = true,
                     .trace = [this](std::string_view name, const Tensor& result) {
                       if (trace_) trace_(name, result);
                     }});
}

double Trainer::MicroBatch(const Batch& batch, uint32_t first_row, float grad_scale, bool learn) {
  const size_t begin = size_t{first_row} * batch.row_tokens;
  const size_t T = size_t{config_.micro_batch_rows} * batch.row_tokens;
  std::vector<ops::AttentionSegment> segments;
  for (const BatchSegment& segment : batch.segments) {
    if (segment.begin < begin || segment.begin >= begin + T) continue;
    segments.push_back({.row = segment.begin - begin, .num_rows = segment.length});
  }
  const std::span<const int32_t> tokens(batch.tokens);
  const std::span<const int32_t> positions(batch.positions);
  const std::span<const int32_t> targets(batch.targets);
  Graph& graph = *graph_;
  graph.Begin(learn);
  std::vector<float> losses(T);
  const Graph::Value hidden = model_.Hidden(graph, {.tokens = tokens.subspan(begin, T),
                                                    .positions = positions.subspan(begin, T),
                                                    .segments = segments});
  graph.CrossEntropy(hidden, model_.head(), targets.subspan(begin, T), config_.model.logit_softcap,
                     grad_scale, losses.data());
  if (learn) graph.Backward();
  double sum = 0;
  for (const float loss : losses) sum += loss;
  return sum;
}

// Binary counter: leaf i joins the sums of the levels that are full, as a carry does.
void Trainer::CombineLeaf(uint32_t leaf) {
  for (size_t level = 0; level < levels_.size(); ++level) {
    float* partial = levels_[level].Get<float>(parameters_.size());
    const bool full = ((leaf >> level) & 1u) != 0;
    for (size_t i = 0; i < parameters_.specs().size(); ++i) {
      const Tensor& grad = parameters_.weight(i).grad;
      const Tensor earlier(partial + parameters_.offset(i), DType::kF32, {grad.size()});
      const Tensor flat(grad.data, DType::kF32, {grad.size()});
      if (full) {
        ops::Add(earlier, flat, flat, pool_);
      } else {
        ops::Cast(flat, earlier, pool_);
      }
    }
    if (!full) return;
  }
}

void Trainer::WeightsChanged() { parameters_.DropPackCaches(); }

template <typename Fn>
void Trainer::TraceParameters(const char* what, const Fn& tensor_of) {
  if (!trace_) return;
  for (size_t i = 0; i < parameters_.specs().size(); ++i) {
    trace_(fmt::format("{} {}", what, parameters_.specs()[i].name),
           tensor_of(parameters_.weight(i)));
  }
}

double Trainer::LossAndGradient(const Batch& batch) {
  CHECK(batch.rows == config_.rows && batch.row_tokens == config_.row_tokens);
  const ScopedFlushDenormals flush;
  const float grad_scale =
      static_cast<float>(1.0 / static_cast<double>(std::max<uint64_t>(1, batch.num_targets)));
  const uint32_t leaf_rows = config_.rows / config_.gradient_leaves;
  double sum = 0;
  for (uint32_t leaf = 0; leaf < config_.gradient_leaves; ++leaf) {
    parameters_.ZeroGradients();
    for (uint32_t row = 0; row < leaf_rows; row += config_.micro_batch_rows) {
      sum += MicroBatch(batch, leaf * leaf_rows + row, grad_scale, true);
    }
    CombineLeaf(leaf);
  }
  return sum / static_cast<double>(std::max<uint64_t>(1, batch.num_targets));
}

StepResult Trainer::Step(uint64_t step, const Batch& batch) {
  const ScopedFlushDenormals flush;
  if (trace_) {
    // Token ids are as wide as f32; only their bytes matter to a trace.
    trace_("batch tokens", Tensor(const_cast<int32_t*>(batch.tokens.data()), DType::kF32,
                                  {batch.rows, batch.row_tokens}));
    TraceParameters("weight", [](const Weight& weight) { return weight.value; });
  }
  StepResult result;
  result.num_targets = batch.num_targets;
  result.loss = LossAndGradient(batch);
  result.gradient_norm = optimizer_.GradientNorm();
  if (!std::isfinite(result.loss) || !std::isfinite(result.gradient_norm)) {
    Fail(ErrorCode::kInternal,
         "step {}: loss {} and gradient norm {} are not both finite; the weights were not changed. "
         "A lower learning rate, or f32 instead of bf16, usually helps",
         step, result.loss, result.gradient_norm);
  }
  const double clip = config_.clip_norm > 0 && result.gradient_norm > config_.clip_norm
                          ? config_.clip_norm / result.gradient_norm
                          : 1.0;
  TraceParameters("gradient", [](const Weight& weight) { return weight.grad; });
  optimizer_.Step(step, static_cast<float>(clip));
  parameters_.DropPackCaches();
  TraceParameters("updated", [](const Weight& weight) { return weight.value; });
  return result;
}

double Trainer::SumLosses(const Batch& batch) {
  CHECK(batch.rows % config_.micro_batch_rows == 0);
  const ScopedFlushDenormals flush;
  double sum = 0;
  for (uint32_t row = 0; row < batch.rows; row += config_.micro_batch_rows) {
    sum += MicroBatch(batch, row, 0, false);
  }
  return sum;
}

}  // namespace cambium
