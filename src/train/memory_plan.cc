// SPDX-License-Identifier: Apache-2.0
#include "train/memory_plan.h"

#include <bit>
#include <vector>

#include "base/physical_memory.h"
#include "model/transformer.h"
#include "train/optimizer.h"

namespace cambium {
namespace {

constexpr const char* kAdvice =
    "a smaller preset, shorter rows or fewer rows at once (micro_batch_rows) need less";

double SizeOf(ModelConfig model, size_t num_layers) {
  model.num_layers = num_layers;
  double size = 0;
  for (const ParameterSpec& spec : DescribeParameters(model)) {
    size += static_cast<double>(spec.rows) * static_cast<double>(spec.cols);
  }
  return size;
}

// What the run takes at least: weights, gradients and moments, and what every layer keeps for the
// backward pass. In time that does not grow with any size, so that what could not even be planned
// is refused first. In floating point, so that no product overflows.
double LeastBytes(const TrainConfig& config) {
  const ModelConfig& c = config.model;
  const double outside = SizeOf(c, 0);
  const double parameters = outside + static_cast<double>(c.num_layers) * (SizeOf(c, 1) - outside);
  const double copies =
      3 + std::countr_zero(config.gradient_leaves);  // values, gradients, momentum
  const auto count = [](size_t value) { return static_cast<double>(value); };
  const double rows = count(config.micro_batch_rows) * count(config.row_tokens);
  const double attention = 2 * count(c.head_dim) * count(c.num_heads + c.num_kv_heads);
  const double ffn = count(c.ffn_width) * (IsGated(c.ffn) ? 3 : 2);
  const double layer_bytes = rows * (2 * count(c.width) * sizeof(float) +
                                     (attention + ffn) * count(DTypeBytes(config.compute)));
  return parameters * copies * sizeof(float) + count(c.num_layers) * layer_bytes;
}

}  // namespace

MemoryPlan PlanTraining(const TrainConfig& config, ThreadPool& pool) {
  config.Validate();
  RequireMemory(LeastBytes(config), "this run", kAdvice);
  const auto parameters = ParameterStore::ShapesOnly(config.model);
  if (config.rows > config.micro_batch_rows) parameters->MakePackCaches(config.compute);
  Transformer model(*parameters, config.row_tokens);
  // Runs one micro-batch on a planning arena: the same calls, nothing computed.
  Arena arena;
  Graph graph(arena, pool, {.compute = config.compute, .recording = true});
  const std::vector<int32_t> tokens(size_t{config.micro_batch_rows} * config.row_tokens);
  const Graph::Value hidden = model.Hidden(graph, {.tokens = tokens, .positions = tokens});
  graph.CrossEntropy(hidden, model.head(), tokens, config.model.logit_softcap, 1.0f, nullptr);
  graph.Backward();

  const auto tree_height = static_cast<size_t>(std::countr_zero(config.gradient_leaves));
  const OptimizerMemory optimizer = OptimizerMemoryOf(config, parameters->specs());
  const MemoryPlan plan = {
      .weights_bytes = parameters->size() * sizeof(float),
      .gradients_bytes = parameters->size() * sizeof(float) * (1 + tree_height),
      .optimizer_bytes = optimizer.state_bytes + optimizer.work_bytes * pool.num_threads(),
      .activations_bytes = arena.peak_bytes(),
      .packing_bytes = graph.scratch_bytes() + parameters->pack_cache_bytes()};
  RequireMemory(static_cast<double>(plan.total_bytes()), "this run", kAdvice);
  return plan;
}

}  // namespace cambium
