// SPDX-License-Identifier: Apache-2.0
#include "cli/train_configuration.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "base/stopwatch.h"
#include "cli/quantities.h"
#include "cli/train_options.h"
#include "train/plan.h"

namespace cambium {
namespace {

constexpr const char* kDefaultPreset = "small";

OptimizerKind OptimizerOf(const TrainArguments& a) {
  return a.optimizer.value_or("muon") == "adamw" ? OptimizerKind::kAdamW : OptimizerKind::kMuon;
}

DType ComputeOf(const TrainArguments& a) {
  return a.dtype.value_or("bf16") == "f32" ? DType::kF32 : DType::kBF16;
}

// Of a model without --budget; what --row-tokens and --rows change keeps the number of tokens.
TrainConfig ConfigOfModel(const TrainArguments& a, const ModelConfig& model) {
  const uint64_t tokens = a.tokens ? ParseCount(*a.tokens) : uint64_t{20} * model.NumParameters();
  TrainConfig config = DefaultTrainConfig(model, tokens, OptimizerOf(a));
  config.compute = ComputeOf(a);
  config.seed = a.seed.value_or(1);
  return config;
}

void ApplyBatchShape(const TrainArguments& a, TrainConfig& config) {
  if (a.row_tokens) {
    const uint64_t tokens = config.num_steps * config.TokensPerStep();
    config.model.context_length = std::max<size_t>(config.model.context_length, *a.row_tokens);
    const uint64_t seed = config.seed;
    config = DefaultTrainConfig(config.model, tokens, OptimizerOf(a));
    config.row_tokens = *a.row_tokens;
    config.rows = static_cast<uint32_t>(std::max<uint64_t>(1, 8192 / *a.row_tokens));
    config.compute = ComputeOf(a);
    config.seed = seed;
    config.num_steps = std::max<uint64_t>(1, tokens / config.TokensPerStep());
  }
  if (a.rows) {
    const uint64_t tokens = config.num_steps * config.TokensPerStep();
    config.rows = *a.rows;
    config.num_steps = std::max<uint64_t>(1, tokens / config.TokensPerStep());
  }
  config.micro_batch_rows = std::min(config.micro_batch_rows, config.rows);
  while (config.rows % config.micro_batch_rows != 0) --config.micro_batch_rows;
}

// Whether a preset with this vocabulary gives this model: rows longer than its context extend it.
bool HasShapeOf(const TrainConfig& config, ModelConfig preset) {
  preset.vocab_size = config.model.vocab_size;
  preset.context_length = std::max<size_t>(preset.context_length, config.row_tokens);
  return preset.ToJson() == config.model.ToJson();
}

const ModelPreset* PresetOf(const TrainConfig& config) {
  for (const ModelPreset& preset : ModelPresets()) {
    if (HasShapeOf(config, preset.config)) return &preset;
  }
  return nullptr;
}

// Whether --tokens, with whatever else is given, leads to as many steps as the configuration has.
bool TokensAgree(const TrainArguments& a, const TrainConfig& config) {
  const uint64_t tokens = ParseCount(*a.tokens), step = config.TokensPerStep();
  if (config.num_steps == std::max<uint64_t>(1, (tokens + step - 1) / step)) return true;
  const ModelPreset* preset = PresetOf(config);
  ModelConfig model = preset == nullptr ? config.model : preset->config;
  model.vocab_size = config.model.vocab_size;
  TrainConfig again = ConfigOfModel(a, model);
  ApplyBatchShape(a, again);
  return again.num_steps == config.num_steps;
}

class Agreement {
 public:
  explicit Agreement(const std::string& owner) : owner_(owner) {}

  template <typename T>
  void Require(const char* option, const std::optional<T>& given, const T& recorded) const {
    if (given && *given != recorded) Refuse(option, fmt::format("{}", *given), recorded);
  }
  template <typename T>
  [[noreturn]] void Refuse(const char* option, const std::string& given, const T& recorded) const {
    Fail(ErrorCode::kInvalidArgument,
         "{} {}: {} has {}, and keeps its configuration; leave the option out, or start a new run",
         option, given, owner_, recorded);
  }

 private:
  const std::string& owner_;
};

}  // namespace

uint64_t VocabSizeOf(const TrainArguments& a) {
  return a.vocab_size.value_or(a.preset.value_or(kDefaultPreset) == "gpt2" ? 32768 : 4096);
}

TrainConfig NewTrainConfig(const TrainArguments& a, const Context& context,
                           const Tokenizer& tokenizer, const TokenDatasetOptions& dataset,
                           ThreadPool& pool) {
  const size_t vocab_size = static_cast<size_t>(tokenizer.vocab_size());
  TrainConfig config;
  if (a.budget) {
    const DataSummary summary = SummarizeData(a.data, dataset);
    const double bytes_per_token = MeanBytesPerToken(a.data, dataset, tokenizer);
    const uint64_t data_tokens =
        static_cast<uint64_t>(static_cast<double>(summary.stats.text_bytes) / bytes_per_token);
    // Reading the data and learning its tokens have taken their part already.
    const BudgetChoice choice =
        ChooseForBudget(ParseDuration(*a.budget), SecondsSince(a.start), data_tokens, vocab_size,
                        ComputeOf(a), OptimizerOf(a), a.seed.value_or(1), pool);
    context.Note(choice.explanation);
    config = choice.config;
  } else {
    ModelConfig model = FindModelPreset(a.preset.value_or(kDefaultPreset)).config;
    model.vocab_size = vocab_size;
    config = ConfigOfModel(a, model);
  }
  ApplyBatchShape(a, config);
  if (a.steps) config.num_steps = *a.steps;
  config.warmup_steps = std::min<uint64_t>(config.num_steps / 20, 100);
  if (a.learning_rate) config.learning_rate = *a.learning_rate;
  if (a.schedule) {
    config.schedule =
        *a.schedule == "cosine" ? ScheduleKind::kCosine : ScheduleKind::kWarmupStableDecay;
  }
  if (a.val_fraction) config.val_fraction = *a.val_fraction;
  if (a.batch_mode) config.batch_mode = *a.batch_mode;
  config.Validate();
  return config;
}

DocumentRules DocumentRulesOf(const TrainArguments& a, const std::optional<RunConfig>& settled) {
  if (settled && settled->documents) return *settled->documents;
  return {.separator = a.separator.value_or(DocumentRules().separator),
          .skip_bad_lines = a.skip_bad_lines};
}

void CheckAgreement(const TrainArguments& a, const RunConfig& run, const std::string& owner) {
  const Agreement agreement(owner);
  const TrainConfig& config = run.train;
  if (run.documents) {
    agreement.Require("--separator", a.separator, run.documents->separator);
    if (a.skip_bad_lines && !run.documents->skip_bad_lines) {
      agreement.Refuse("--skip-bad-lines", "is given", "skip_bad_lines = false");
    }
  }
  if (a.budget) {
    agreement.Refuse(
        "--budget", *a.budget,
        fmt::format("{} steps of {} tokens", config.num_steps, config.TokensPerStep()));
  }
  if (a.preset && !HasShapeOf(config, FindModelPreset(*a.preset).config)) {
    const ModelPreset* preset = PresetOf(config);
    agreement.Refuse("--preset", *a.preset,
                     preset != nullptr ? std::string("preset ") + preset->name
                                       : fmt::format("{} layers of width {}",
                                                     config.model.num_layers, config.model.width));
  }
  agreement.Require("--steps", a.steps, config.num_steps);
  if (a.tokens && !TokensAgree(a, config)) {
    agreement.Refuse(
        "--tokens", *a.tokens,
        fmt::format("{} tokens ({} steps of {})", config.num_steps * config.TokensPerStep(),
                    config.num_steps, config.TokensPerStep()));
  }
  agreement.Require("--seed", a.seed, config.seed);
  agreement.Require("--dtype", a.dtype, std::string(DTypeName(config.compute)));
  agreement.Require("--vocab-size", a.vocab_size, uint64_t{config.model.vocab_size});
  agreement.Require("--rows", a.rows, config.rows);
  agreement.Require("--row-tokens", a.row_tokens, config.row_tokens);
  agreement.Require("--lr", a.learning_rate, config.learning_rate);
  agreement.Require("--val-fraction", a.val_fraction, config.val_fraction);
  agreement.Require("--batch-mode", a.batch_mode, config.batch_mode);
  agreement.Require("--optimizer", a.optimizer,
                    std::string(config.optimizer == OptimizerKind::kAdamW ? "adamw" : "muon"));
  agreement.Require("--schedule", a.schedule,
                    std::string(config.schedule == ScheduleKind::kCosine ? "cosine" : "wsd"));
}

}  // namespace cambium
