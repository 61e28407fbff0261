// SPDX-License-Identifier: Apache-2.0
#include "train/plan.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/physical_memory.h"
#include "base/progress.h"
#include "base/stopwatch.h"
#include "numerics/machine_peak.h"
#include "train/trainer.h"

namespace cambium {
namespace {

// The part of the remaining time that steps may take; the rest is for validation (BudgetEvalTokens)
// and saving.
constexpr double kStepShare = 0.85;
// Where data is short, models may be larger than the compute-optimal ratio says, but not by much
// more: below this they learn it by heart. Epochs count.
constexpr double kMinTokensPerParameter = 2;
// How fast text becomes tokens at least, before training begins.
constexpr double kTokenizedPerSecond = 5e6;

// A model of about this width: layers grow with width, heads of 32 to 64, FFN 8/3 C (as many
// weights as a plain FFN of 4 C).
ModelConfig ShapeOfWidth(size_t width, size_t vocab_size) {
  ModelConfig model;
  model.vocab_size = vocab_size;
  model.width = width;
  model.num_layers = std::clamp<size_t>(width / 48, 2, 24);
  model.head_dim = width >= 512 ? 64 : 32;
  model.num_heads = width / model.head_dim;
  model.num_kv_heads = model.num_heads;
  model.ffn_width = (width * 8 / 3 + 63) / 64 * 64;
  model.context_length = width >= 512 ? 512 : 256;
  return model;
}

double TokensFor(const ModelConfig& model, uint64_t data_tokens) {
  return std::min(kTokensPerParameter * static_cast<double>(model.NumParameters()),
                  kMaxEpochs * static_cast<double>(data_tokens));
}

// Whether the data has enough for a model of this size, and half the memory holds weights,
// gradients and moments of f32.
bool IsWorthwhile(const ModelConfig& model, uint64_t data_tokens) {
  const auto parameters = static_cast<double>(model.NumParameters());
  const auto memory = static_cast<double>(MemoryLimitBytes());
  return TokensFor(model, data_tokens) >= kMinTokensPerParameter * parameters &&
         16 * parameters < memory / 2;
}

// The widest model whose compute-optimal run fits the time at this speed.
ModelConfig WidestFor(double seconds, double flops_per_s, uint64_t data_tokens, size_t vocab_size) {
  ModelConfig best = ShapeOfWidth(64, vocab_size);
  for (size_t width = 64; width <= 2048; width += 64) {
    const ModelConfig model = ShapeOfWidth(width, vocab_size);
    const double keys = static_cast<double>(model.context_length) / 2;
    const double run_seconds =
        3 * model.ForwardFlopsPerToken(keys) * TokensFor(model, data_tokens) / flops_per_s;
    if (run_seconds > seconds || !IsWorthwhile(model, data_tokens)) break;
    best = model;
  }
  return best;
}

// Median seconds of a few real steps on made-up tokens.
double MeasureStep(TrainConfig config, double enough_s, ThreadPool& pool) {
  config.num_steps = std::max<uint64_t>(config.num_steps, config.warmup_steps + 1);
  ParameterStore parameters(config.model, true);
  parameters.Initialize(config.seed, pool);
  Trainer trainer(config, parameters, pool);
  Batch batch;
  batch.rows = config.rows;
  batch.row_tokens = config.row_tokens;
  for (uint32_t i = 0; i < config.TokensPerStep(); ++i) {
    batch.tokens.push_back(static_cast<int32_t>(i * 7919u % config.model.vocab_size));
    batch.positions.push_back(static_cast<int32_t>(i % config.row_tokens));
  }
  batch.targets = batch.tokens;
  batch.num_targets = batch.tokens.size();
  for (uint32_t row = 0; row < config.rows; ++row) {
    batch.segments.push_back({row * config.row_tokens, config.row_tokens});
  }
  std::vector<double> seconds;
  double total = 0;
  while (seconds.size() < 3 || (total < enough_s && seconds.size() < 10)) {
    const Clock::time_point begin = Clock::now();
    trainer.Step(seconds.size(), batch);
    seconds.push_back(SecondsSince(begin));
    total += seconds.back();
  }
  seconds.erase(seconds.begin());  // the first one warms up
  return Median(std::move(seconds));
}

double TrainedTokens(const TrainConfig& config) {
  return static_cast<double>(config.num_steps) * static_cast<double>(config.TokensPerStep());
}

// Of the trained tokens: 3 % of the time at a third of the cost.
constexpr double kFinalEvalShare = 0.03 * 3;

}  // namespace

TrainConfig DefaultTrainConfig(const ModelConfig& model, uint64_t tokens, OptimizerKind optimizer) {
  TrainConfig config;
  config.model = model;
  config.optimizer = optimizer;
  config.row_tokens = static_cast<uint32_t>(std::min<size_t>(model.context_length, 512));
  const uint64_t step_tokens = model.NumParameters() >= 50'000'000 ? 16384 : 8192;
  config.rows = static_cast<uint32_t>(std::max<uint64_t>(1, step_tokens / config.row_tokens));
  // About 2048 tokens at once: activations of small models then stay in the caches.
  uint32_t micro_rows = std::clamp<uint32_t>(2048 / config.row_tokens, 1, config.rows);
  while (config.rows % micro_rows != 0) --micro_rows;
  config.micro_batch_rows = micro_rows;
  config.num_steps =
      std::max<uint64_t>(1, (tokens + config.TokensPerStep() - 1) / config.TokensPerStep());
  config.warmup_steps = std::min<uint64_t>(config.num_steps / 20, 100);
  config.learning_rate = 3e-3 * std::sqrt(128.0 / static_cast<double>(model.width));
  return config;
}

uint64_t BudgetEvalTokens(const TrainConfig& config) {
  // Nine validations; a token's forward pass costs a third of a training step's.
  return static_cast<uint64_t>(std::clamp(0.02 * 3 / 9 * TrainedTokens(config), 2048.0, 200'000.0));
}

uint64_t FinalEvalTokens(const TrainConfig& config, uint64_t at_least) {
  return std::max(static_cast<uint64_t>(kFinalEvalShare * TrainedTokens(config)), at_least);
}

BudgetChoice ChooseForBudget(double seconds, double elapsed_s, uint64_t data_tokens,
                             size_t vocab_size, DType compute, OptimizerKind optimizer,
                             uint64_t seed, ThreadPool& pool) {
  const Clock::time_point begin = Clock::now();
  if (seconds < 5) {
    Fail(ErrorCode::kInvalidArgument,
         "a budget of {} is too short to train anything; give at "
         "least 5s",
         FormatDuration(seconds));
  }
  const MachinePeak peak = MeasureMachinePeak(pool, 60);
  const double unit = compute == DType::kBF16 ? peak.bf16_flops_per_s : peak.f32_flops_per_s;
  BudgetChoice choice;
  choice.flops_per_s = 0.5 * unit;  // a first guess; corrected by the measurement below
  const double tokenizing_s = static_cast<double>(data_tokens) / kTokenizedPerSecond;
  const auto step_seconds_left = [&] {
    const double left = seconds - elapsed_s - SecondsSince(begin) - tokenizing_s;
    return kStepShare * std::max(left, 0.05 * seconds);
  };
  for (int round = 0; round < 3; ++round) {
    const ModelConfig model =
        WidestFor(step_seconds_left(), choice.flops_per_s, data_tokens, vocab_size);
    const bool same = round > 0 && model.width == choice.config.model.width;
    if (same) break;
    const double tokens = TokensFor(model, data_tokens);
    choice.config = DefaultTrainConfig(model, static_cast<uint64_t>(tokens), optimizer);
    choice.config.compute = compute;
    choice.config.seed = seed;
    choice.step_seconds = MeasureStep(choice.config, std::min(1.5, 0.03 * seconds), pool);
    choice.flops_per_s = static_cast<double>(choice.config.FlopsPerStep()) / choice.step_seconds;
  }
  TrainConfig& config = choice.config;
  const double step_tokens = static_cast<double>(config.TokensPerStep());
  const double affordable = step_seconds_left() / choice.step_seconds;
  const double useful = kMaxEpochs * static_cast<double>(data_tokens) / step_tokens;
  config.num_steps = static_cast<uint64_t>(std::max(1.0, std::min(affordable, useful)));
  config.warmup_steps = std::min<uint64_t>(config.num_steps / 20, 100);
  const double tokens = TrainedTokens(config);
  // All that is kept for validation is seen at the end.
  const double whole = static_cast<double>(std::max<uint64_t>(1, data_tokens));
  config.val_fraction =
      std::min(config.val_fraction, std::max(kFinalEvalShare * tokens, 2048.0) / whole);
  const double parameters = static_cast<double>(config.model.NumParameters());
  choice.tokens_per_parameter = tokens / parameters;
  choice.epochs = tokens / whole;
  choice.explanation = fmt::format(
      "measured {:.0f} GFLOP/s in training steps, {:.0f} % of this machine's {} peak\n"
      "chosen   {} layers, width {}: {} parameters, {} tokens\n"
      "because  {:.1f} tokens per parameter (compute-optimal is about {:.0f}), {:.2f} epochs of {}"
      " tokens of data{}",
      choice.flops_per_s * 1e-9, 100 * choice.flops_per_s / unit, DTypeName(compute),
      config.model.num_layers, config.model.width, FormatCount(parameters), FormatCount(tokens),
      choice.tokens_per_parameter, kTokensPerParameter, choice.epochs,
      FormatCount(static_cast<double>(data_tokens)),
      affordable > useful ? "; more epochs would not help, so it ends early" : "");
  return choice;
}

}  // namespace cambium
