// SPDX-License-Identifier: Apache-2.0
// One training step: micro-batches forward and backward, the gradient tree, clipping, the
// optimizer. A step's result is a function of (configuration, weights, optimizer state, step),
// whatever the threads and the instruction set. Knows nothing of files, time or the terminal
// (train/run.h does).
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "model/transformer.h"
#include "train/batch.h"
#include "train/memory_plan.h"
#include "train/optimizer.h"
#include "train/train_config.h"

namespace cambium {

struct StepResult {
  double loss = 0;           // mean over the step's targets, nats per token
  double gradient_norm = 0;  // before clipping
  uint64_t num_targets = 0;
};

class Trainer {
 public:
  // Throws what PlanTraining throws (memory_plan.h), before it takes memory.
  Trainer(const TrainConfig& config, ParameterStore& parameters, ThreadPool& pool);

  const MemoryPlan& memory_plan() const { return plan_; }
  // The most that activations took so far: at most the plan's activations_bytes.
  size_t activations_peak_bytes() const { return arena_->peak_bytes(); }
  Optimizer& optimizer() { return optimizer_; }
  Transformer& model() { return model_; }

  // batch: all rows of the step. Throws kInternal when loss or gradient is not finite; the weights
  // are then still those before the step.
  StepResult Step(uint64_t step, const Batch& batch);
  // To be called when somebody else has written the weights (a checkpoint was loaded).
  void WeightsChanged();
  // The step's mean loss, with its gradient left in the parameter store; nothing is updated.
  double LossAndGradient(const Batch& batch);
  // Sum of the losses over a batch's targets, forward only; any number of rows that is a multiple
  // of micro_batch_rows.
  double SumLosses(const Batch& batch);

  // Bit-level debugging: called with every operation's name and result, and with the batch, the
  // weights, the gradients and the updated weights of every step.
  void set_trace(std::function<void(std::string_view, const Tensor&)> trace) {
    trace_ = std::move(trace);
  }

 private:
  double MicroBatch(const Batch& batch, uint32_t first_row, float grad_scale, bool learn);
  void CombineLeaf(uint32_t leaf);
  template <typename Fn>
  void TraceParameters(const char* what, const Fn& tensor_of);

  const TrainConfig config_;
  const MemoryPlan plan_;  // before what takes memory
  ParameterStore& parameters_;
  ThreadPool& pool_;
  Transformer model_;
  Optimizer optimizer_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Graph> graph_;
  std::vector<Scratch> levels_;  // partial sums of the gradient tree, by height
  std::function<void(std::string_view, const Tensor&)> trace_;
};

}  // namespace cambium
