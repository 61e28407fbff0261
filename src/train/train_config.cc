// SPDX-License-Identifier: Apache-2.0
#include "train/train_config.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/error.h"
#include "base/json_numbers.h"
#include "numerics/trig.h"

namespace cambium {
namespace {

constexpr uint64_t kMaxSteps = (uint64_t{1} << 40) - 1;
constexpr uint32_t kMaxRows = 65536;
constexpr const char* kWhere = "training configuration";

template <typename... Args>
void Require(bool ok, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) {
    Fail(ErrorCode::kInvalidArgument, "{}: {}", kWhere,
         fmt::format(format, std::forward<Args>(args)...));
  }
}

}  // namespace

void TrainConfig::Validate() const {
  model.Validate();
  Require(num_steps > 0 && num_steps <= kMaxSteps, "num_steps = {} must be in [1, {}]", num_steps,
          kMaxSteps);
  Require(rows > 0 && rows <= kMaxRows, "rows = {} must be in [1, {}]", rows, kMaxRows);
  Require(row_tokens > 1 && row_tokens <= model.context_length,
          "row_tokens = {} must be in [2, context_length = {}]", row_tokens, model.context_length);
  Require(std::has_single_bit(gradient_leaves) && rows % gradient_leaves == 0,
          "gradient_leaves = {} must be a power of two that divides rows = {}", gradient_leaves,
          rows);
  const uint32_t leaf_rows = rows / gradient_leaves;
  Require(micro_batch_rows > 0 && leaf_rows % micro_batch_rows == 0,
          "micro_batch_rows = {} must divide the rows of a leaf, {}", micro_batch_rows, leaf_rows);
  Require(learning_rate > 0 && learning_rate < 10, "learning_rate = {} must be in (0, 10)",
          learning_rate);
  Require(muon_learning_rate > 0 && muon_learning_rate < 10,
          "muon_learning_rate = {} must be in (0, 10)", muon_learning_rate);
  Require(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
          "beta1 = {} and beta2 = {} must be in [0, 1)", beta1, beta2);
  Require(muon_momentum >= 0 && muon_momentum < 1, "muon_momentum = {} must be in [0, 1)",
          muon_momentum);
  Require(epsilon > 0, "epsilon = {} must be positive", epsilon);
  Require(weight_decay >= 0 && weight_decay < 10, "weight_decay = {} must be in [0, 10)",
          weight_decay);
  Require(clip_norm >= 0, "clip_norm = {} must not be negative", clip_norm);
  Require(warmup_steps < num_steps || num_steps == 1,
          "warmup_steps = {} must be below num_steps = {}", warmup_steps, num_steps);
  Require(decay_fraction >= 0 && decay_fraction <= 1, "decay_fraction = {} must be in [0, 1]",
          decay_fraction);
  Require(final_lr_fraction >= 0 && final_lr_fraction <= 1,
          "final_lr_fraction = {} must be in [0, 1]", final_lr_fraction);
  Require(val_fraction >= 0 && val_fraction < 1, "val_fraction = {} must be in [0, 1)",
          val_fraction);
  Require(batch_mode == "auto" || batch_mode == "packed" || batch_mode == "stream",
          "batch_mode = '{}' must be auto, packed or stream", batch_mode);
}

uint64_t TrainConfig::FlopsPerStep() const {
  return 3 * model.ForwardFlopsOfRow(row_tokens) * rows;
}

uint64_t TrainConfig::FlopsOf(uint64_t steps) const {
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  uint64_t flops = 0;
  return __builtin_mul_overflow(steps, FlopsPerStep(), &flops) ? kMost : std::min(flops, kMost);
}

Json TrainConfig::ToJson() const {
  Json json = {{"compute", DTypeName(compute)},
               {"seed", seed},
               {"num_steps", num_steps},
               {"rows", rows},
               {"row_tokens", row_tokens},
               {"micro_batch_rows", micro_batch_rows},
               {"gradient_leaves", gradient_leaves},
               {"optimizer", optimizer == OptimizerKind::kAdamW ? "adamw" : "muon"},
               {"learning_rate", learning_rate},
               {"beta1", beta1},
               {"beta2", beta2},
               {"epsilon", epsilon},
               {"weight_decay", weight_decay},
               {"muon_learning_rate", muon_learning_rate},
               {"muon_momentum", muon_momentum},
               {"clip_norm", clip_norm},
               {"schedule", schedule == ScheduleKind::kCosine ? "cosine" : "wsd"},
               {"warmup_steps", warmup_steps},
               {"decay_fraction", decay_fraction},
               {"final_lr_fraction", final_lr_fraction},
               {"val_fraction", val_fraction},
               {"batch_mode", batch_mode}};
  json["model"] = model.ToJson();
  return json;
}

TrainConfig TrainConfig::FromJson(const Json& json) {
  TrainConfig config;
  try {
    // A key that nothing reads is a misspelt one.
    const Json known = config.ToJson();
    for (const auto& [key, value] : json.items()) {
      Require(known.contains(key), "unknown key '{}'", key);
      if (key != "model") continue;
      for (const auto& [model_key, model_value] : value.items()) {
        Require(known["model"].contains(model_key), "unknown key 'model.{}'", model_key);
      }
    }
    const std::string compute = json.at("compute");
    Require(compute == "f32" || compute == "bf16", "compute = '{}' must be f32 or bf16", compute);
    config.compute = compute == "f32" ? DType::kF32 : DType::kBF16;
    config.seed = ReadWholeNumber<uint64_t>(json, kWhere, "seed");
    config.num_steps = ReadWholeNumber<uint64_t>(json, kWhere, "num_steps", 1, kMaxSteps);
    config.rows = ReadWholeNumber<uint32_t>(json, kWhere, "rows", 1, kMaxRows);
    config.row_tokens = ReadWholeNumber<uint32_t>(json, kWhere, "row_tokens", 2);
    config.micro_batch_rows = ReadWholeNumber<uint32_t>(json, kWhere, "micro_batch_rows", 1);
    config.gradient_leaves = ReadWholeNumber<uint32_t>(json, kWhere, "gradient_leaves", 1);
    const std::string optimizer = json.at("optimizer");
    Require(optimizer == "adamw" || optimizer == "muon", "optimizer = '{}' must be adamw or muon",
            optimizer);
    config.optimizer = optimizer == "adamw" ? OptimizerKind::kAdamW : OptimizerKind::kMuon;
    config.learning_rate = json.at("learning_rate");
    config.beta1 = json.at("beta1");
    config.beta2 = json.at("beta2");
    config.epsilon = json.at("epsilon");
    config.weight_decay = json.at("weight_decay");
    config.muon_learning_rate = json.at("muon_learning_rate");
    config.muon_momentum = json.at("muon_momentum");
    config.clip_norm = json.at("clip_norm");
    const std::string schedule = json.at("schedule");
    Require(schedule == "cosine" || schedule == "wsd", "schedule = '{}' must be wsd or cosine",
            schedule);
    config.schedule =
        schedule == "cosine" ? ScheduleKind::kCosine : ScheduleKind::kWarmupStableDecay;
    config.warmup_steps = ReadWholeNumber<uint64_t>(json, kWhere, "warmup_steps");
    config.decay_fraction = json.at("decay_fraction");
    config.final_lr_fraction = json.at("final_lr_fraction");
    config.val_fraction = json.at("val_fraction");
    config.batch_mode = json.at("batch_mode");
    config.model = ModelConfig::FromJson(json.at("model"));
  } catch (const Json::exception& error) {
    Fail(ErrorCode::kInvalidArgument, "{}: {}", kWhere, error.what());
  }
  config.Validate();
  return config;
}

double LearningRateFactor(const TrainConfig& config, uint64_t step) {
  if (step < config.warmup_steps) {
    return static_cast<double>(step + 1) / static_cast<double>(config.warmup_steps);
  }
  const double low = config.final_lr_fraction;
  const double steps = static_cast<double>(config.num_steps);
  const double now = static_cast<double>(step);
  if (config.schedule == ScheduleKind::kCosine) {
    const double warmup = static_cast<double>(config.warmup_steps);
    const double t = (now - warmup) / std::max(1.0, steps - warmup);
    return low + (1 - low) * CosineDecay(std::min(1.0, t));
  }
  const double decay_steps = config.decay_fraction * steps;
  const double left = steps - now;
  if (left >= decay_steps || decay_steps <= 0) return 1;
  return low + (1 - low) * (left / decay_steps);
}

}  // namespace cambium
