// SPDX-License-Identifier: Apache-2.0
#include "train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "tensor/ops/adamw.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/muon.h"

namespace cambium {
namespace {

bool IsMuonMatrix(const TrainConfig& config, const ParameterSpec& spec) {
  return config.optimizer == OptimizerKind::kMuon && spec.hidden_matrix;
}

}  // namespace

OptimizerMemory OptimizerMemoryOf(const TrainConfig& config,
                                  const std::vector<ParameterSpec>& specs) {
  OptimizerMemory memory;
  for (const ParameterSpec& spec : specs) {
    const bool muon = IsMuonMatrix(config, spec);
    memory.state_bytes += RoundUp(spec.size(), 16) * sizeof(float) * (muon ? 1 : 2);
    if (muon) memory.work_bytes = std::max(memory.work_bytes, 6 * spec.size() * sizeof(float));
  }
  return memory;
}

Optimizer::Optimizer(const TrainConfig& config, ParameterStore& parameters, ThreadPool& pool)
    : config_(config), parameters_(parameters), pool_(pool), thread_work_(pool.num_threads()) {
  const std::vector<ParameterSpec>& specs = parameters.specs();
  const size_t state_floats = OptimizerMemoryOf(config, specs).state_bytes / sizeof(float);
  float* next = state_.Get<float>(state_floats);
  std::fill_n(next, state_floats, 0.0f);
  const auto take = [&](const ParameterSpec& spec) {
    const Tensor tensor(next, DType::kF32, {spec.rows, spec.cols});
    next += RoundUp(spec.size(), 16);
    return tensor;
  };
  for (size_t i = 0; i < specs.size(); ++i) {
    first_moments_.push_back(take(specs[i]));
    second_moments_.push_back(UsesMuon(i) ? Tensor() : take(specs[i]));
  }
}

bool Optimizer::UsesMuon(size_t index) const {
  return IsMuonMatrix(config_, parameters_.specs()[index]);
}

double Optimizer::GradientNorm() const {
  double sum = 0;
  for (size_t i = 0; i < parameters_.specs().size(); ++i) {
    sum += ops::SumSquares(parameters_.weight(i).grad, pool_);
  }
  return std::sqrt(sum);
}

void Optimizer::MuonStep(size_t index, double lr_factor, float grad_scale, ThreadWork& own) {
  Weight& weight = parameters_.weight(index);
  const ops::MuonStep step = {.lr = static_cast<float>(config_.muon_learning_rate * lr_factor),
                              .momentum = static_cast<float>(config_.muon_momentum),
                              .weight_decay = static_cast<float>(config_.weight_decay),
                              .grad_scale = grad_scale};
  // The gradient's place is free for the update once the momentum has been formed.
  ops::MuonMomentum(weight.grad, first_moments_[index], weight.grad, step, own.alone);
  Orthogonalize(weight.grad, own.work, own.packed, own.alone);
  ops::MuonUpdate(weight.value, weight.grad, ops::MuonScale(weight.rows, weight.cols), step,
                  own.alone);
}

void Optimizer::Step(uint64_t step, float grad_scale) {
  const double factor = LearningRateFactor(config_, step);
  const std::vector<ParameterSpec>& specs = parameters_.specs();
  std::vector<size_t> matrices;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (UsesMuon(i)) matrices.push_back(i);
  }
  pool_.ParallelFor(matrices.size(), [&](size_t task, size_t thread) {
    MuonStep(matrices[task], factor, grad_scale, thread_work_[thread]);
  });
  for (size_t i = 0; i < specs.size(); ++i) {
    if (UsesMuon(i)) continue;
    const ops::AdamWStep adamw = ops::WithBiasCorrection(
        {.lr = static_cast<float>(config_.learning_rate * factor),
         .beta1 = static_cast<float>(config_.beta1),
         .beta2 = static_cast<float>(config_.beta2),
         .eps = static_cast<float>(config_.epsilon),
         .weight_decay = specs[i].decay ? static_cast<float>(config_.weight_decay) : 0.0f,
         .grad_scale = grad_scale,
         .m_correction = 1,
         .v_correction = 1},
        static_cast<int64_t>(step) + 1);
    Weight& weight = parameters_.weight(i);
    ops::AdamWUpdate(weight.value, weight.grad, first_moments_[i], second_moments_[i], adamw,
                     pool_);
  }
}

std::vector<StateTensor> Optimizer::State() {
  std::vector<StateTensor> state;
  for (size_t i = 0; i < first_moments_.size(); ++i) {
    const std::string& name = parameters_.specs()[i].name;
    state.push_back({(UsesMuon(i) ? "momentum." : "moment1.") + name, first_moments_[i]});
    if (!UsesMuon(i)) state.push_back({"moment2." + name, second_moments_[i]});
  }
  return state;
}

}  // namespace cambium
