// SPDX-License-Identifier: Apache-2.0
// Everything that decides the weights of a training run, and nothing that does not: with the same
// TrainConfig, data and tokenizer the final weights are the same bits. Threads, instruction set,
// logging and checkpoints are not in it. Part of a run's config.toml
// (run_config.h).
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "model/model_config.h"
#include "tensor/tensor.h"

namespace cambium {

enum class OptimizerKind { kAdamW, kMuon };
enum class ScheduleKind { kWarmupStableDecay, kCosine };

struct TrainConfig {
  ModelConfig model;
  DType compute = DType::kBF16;
  uint64_t seed = 1;

  uint64_t num_steps = 0;
  uint32_t rows = 32;         // per step
  uint32_t row_tokens = 256;  // T
  // Rows of one forward and backward pass. Sums of gradients run through micro-batches in order, so
  // this is part of what decides the bits; memory grows with it.
  uint32_t micro_batch_rows = 4;
  // Leaves of the gradient tree (numerics rule 8): a power of two that divides rows. Each leaf's
  // gradient is one chain; leaves are added as a binary tree, so workers may own sub-trees. Costs
  // log2(leaves) more gradient buffers; 1: one chain.
  uint32_t gradient_leaves = 1;

  OptimizerKind optimizer = OptimizerKind::kMuon;
  // AdamW: all parameters, or all but the hidden matrices under Muon. Loshchilov & Hutter 2019.
  double learning_rate = 2e-3;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0.1;  // matrices only, times the learning rate
  // Muon (Jordan et al. 2024): hidden matrices.
  double muon_learning_rate = 0.02;
  double muon_momentum = 0.95;
  double clip_norm = 1.0;  // 0: none

  ScheduleKind schedule = ScheduleKind::kWarmupStableDecay;
  uint64_t warmup_steps = 0;
  double decay_fraction = 0.4;   // of all steps, at the end (WSD: linear)
  double final_lr_fraction = 0;  // of the peak

  double val_fraction = 0.1;
  std::string batch_mode = "auto";  // auto, packed, stream (train/data_loader.h)

  // Throws kInvalidArgument naming the field.
  void Validate() const;
  uint64_t TokensPerStep() const { return uint64_t{rows} * row_tokens; }
  // Matrix products and attention of forward and backward (3x forward), counted exactly, for rows
  // of one document each. Of all steps: at most 2^63 - 1, which is a century of one machine.
  uint64_t FlopsPerStep() const;
  uint64_t FlopsOf(uint64_t steps) const;

  Json ToJson() const;
  // Throws kInvalidArgument: unknown, missing or contradictory keys.
  static TrainConfig FromJson(const Json& json);
};

// Multiplier of the learning rates at step (0-based) of num_steps, in [final_lr_fraction, 1].
//   warm-up  (step + 1) / warmup_steps
//   WSD      1, then linear to final_lr_fraction over the last decay_fraction (Hu et al. 2024,
//            arXiv:2404.06395)
//   cosine   half a cosine from the end of warm-up to the end
double LearningRateFactor(const TrainConfig& config, uint64_t step);

}  // namespace cambium
