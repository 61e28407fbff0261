// SPDX-License-Identifier: Apache-2.0
// Optimizer state and its step over all parameters: AdamW everywhere, or Muon for the hidden
// matrices and AdamW for the rest. Gradients come from the parameter store; they are scaled by the
// clip factor first. Formulas: tensor/ops/adamw.h, tensor/ops/muon.h.
// Thread safety: none; work inside is spread over the pool.
#pragma once

#include <string>
#include <vector>

#include "model/parameters.h"
#include "train/train_config.h"

namespace cambium {

// A tensor of the optimizer's state, for checkpoints.
struct StateTensor {
  std::string name;
  Tensor tensor;
};

struct OptimizerMemory {
  size_t state_bytes = 0;
  size_t work_bytes = 0;  // of each thread
};
OptimizerMemory OptimizerMemoryOf(const TrainConfig& config,
                                  const std::vector<ParameterSpec>& specs);

class Optimizer {
 public:
  Optimizer(const TrainConfig& config, ParameterStore& parameters, ThreadPool& pool);

  // The canonical norm of the gradient: sqrt of the sum over parameters, in their order, of
  // SumSquares (elementwise.h), in double.
  double GradientNorm() const;
  // One step (0-based) with the gradients as they are times grad_scale.
  void Step(uint64_t step, float grad_scale);

  std::vector<StateTensor> State();

 private:
  struct ThreadWork;
  bool UsesMuon(size_t index) const;
  void MuonStep(size_t index, double lr_factor, float grad_scale, ThreadWork& own);

  const TrainConfig config_;
  ParameterStore& parameters_;
  ThreadPool& pool_;
  Scratch state_;
  // Muon's matrices are independent of each other: each is one thread's task from beginning to end.
  struct ThreadWork {
    ThreadPool alone{1};
    Scratch work, packed;
  };
  std::vector<ThreadWork> thread_work_;
  std::vector<Tensor> first_moments_;   // Muon: momentum
  std::vector<Tensor> second_moments_;  // empty tensor under Muon
};

// x (f32 [rows, cols]) becomes its approximate orthogonal factor by Newton-Schulz iterations
// (ops/muon.h): products in bf16 by numerics rule 2, sums in f32. Taller than wide: of the
// transpose. x is normalised first. Returns nothing; work memory grows in the scratches.
// Source: K. Jordan et al. 2024.
void Orthogonalize(const Tensor& x, Scratch& work, Scratch& packed, ThreadPool& pool);

}  // namespace cambium
