// SPDX-License-Identifier: Apache-2.0
// cambium bench train: tokens per second of whole training steps on made-up tokens, and which
// operations the time goes to.
#include <algorithm>
#include <memory>

#include "base/interrupt.h"
#include "base/philox.h"
#include "base/progress.h"
#include "base/stopwatch.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/text_table.h"
#include "cli/train_options.h"
#include "numerics/machine_peak.h"
#include "numerics/simd_target.h"
#include "train/memory_plan.h"
#include "train/plan.h"
#include "train/trainer.h"

namespace cambium {
namespace {

struct BenchTrainArguments {
  std::string preset = "small", dtype = "bf16", optimizer = "adamw";
  size_t vocab_size = 0, steps = 5;
  uint32_t rows = 0, row_tokens = 0, micro_batch_rows = 0;
  bool profile = false;
};

TrainConfig ConfigOf(const BenchTrainArguments& a) {
  ModelConfig model = FindModelPreset(a.preset).config;
  const bool gpt2 = a.preset == "gpt2";
  model.vocab_size = a.vocab_size > 0 ? a.vocab_size : gpt2 ? 50257 : 4096;
  TrainConfig config = DefaultTrainConfig(
      model, 0, a.optimizer == "muon" ? OptimizerKind::kMuon : OptimizerKind::kAdamW);
  config.compute = a.dtype == "f32" ? DType::kF32 : DType::kBF16;
  config.row_tokens = a.row_tokens > 0
                          ? a.row_tokens
                          : static_cast<uint32_t>(std::min<size_t>(256, model.context_length));
  config.rows = a.rows > 0 ? a.rows : gpt2 ? 4 : 32;
  config.micro_batch_rows =
      a.micro_batch_rows > 0
          ? a.micro_batch_rows
          : std::min(config.rows, std::max<uint32_t>(1, 2048 / config.row_tokens));
  while (a.micro_batch_rows == 0 && config.rows % config.micro_batch_rows != 0) {
    --config.micro_batch_rows;
  }
  config.num_steps = a.steps + 1;
  config.warmup_steps = 0;
  config.Validate();
  return config;
}

Batch MadeUpBatch(const TrainConfig& config, uint64_t step) {
  const Philox random(1, RandomPurpose::kTest);
  Batch batch;
  batch.rows = config.rows;
  batch.row_tokens = config.row_tokens;
  for (uint32_t row = 0; row < config.rows; ++row) {
    batch.segments.push_back({row * config.row_tokens, config.row_tokens});
    for (uint32_t i = 0; i < config.row_tokens; ++i) {
      const uint64_t place = uint64_t{row} * config.row_tokens + i;
      const auto token = [&](uint64_t at) {
        return static_cast<int32_t>(random.Below(config.model.vocab_size, step, at));
      };
      batch.tokens.push_back(token(place));
      batch.targets.push_back(token(place + 1));
      batch.positions.push_back(static_cast<int32_t>(i));
    }
  }
  batch.num_targets = batch.targets.size();
  return batch;
}

// Time since the result before belongs to the operation that reports now.
struct Profile {
  struct Entry {
    std::string name;
    uint64_t calls = 0;
    double seconds = 0;
  };
  std::vector<Entry> entries;
  Clock::time_point last;

  void Add(std::string_view name) {
    const Clock::time_point now = Clock::now();
    // "updated blk.0.ffn_up.weight": all parameters together.
    name = name.substr(0, name.find(' '));
    auto entry = std::find_if(entries.begin(), entries.end(),
                              [&](const Entry& other) { return other.name == name; });
    if (entry == entries.end()) {
      entries.push_back({.name = std::string(name)});
      entry = entries.end() - 1;
    }
    ++entry->calls;
    entry->seconds += std::chrono::duration<double>(now - last).count();
    last = Clock::now();
  }
};

struct Result {
  TrainConfig config;
  MemoryPlan plan;
  std::vector<double> step_seconds;  // ascending
  Profile profile;
  double profiled_seconds = 0;  // of one more step
  double median() const { return Median(step_seconds); }
};

Result Measure(const BenchTrainArguments& a, const Context& context, ThreadPool& pool) {
  Result result = {.config = ConfigOf(a)};
  const TrainConfig& config = result.config;
  ParameterStore parameters(config.model, /*with_gradients=*/true);
  parameters.Initialize(config.seed, pool);
  Trainer trainer(config, parameters, pool);
  result.plan = trainer.memory_plan();
  Progress progress("steps", a.steps + 1, "step", context.quiet);
  for (uint64_t step = 0; step <= a.steps; ++step) {
    const Batch batch = MadeUpBatch(config, step);
    const Clock::time_point begin = Clock::now();
    trainer.Step(step, batch);
    // The first one touches all memory for the first time.
    if (step > 0) result.step_seconds.push_back(SecondsSince(begin));
    progress.Update(step + 1);
    if (Interrupted()) Fail(ErrorCode::kCancelled, "interrupted after {} steps", step + 1);
  }
  std::sort(result.step_seconds.begin(), result.step_seconds.end());
  if (a.profile) {
    const Batch batch = MadeUpBatch(config, a.steps + 1);
    trainer.set_trace([&](std::string_view name, const Tensor&) { result.profile.Add(name); });
    const Clock::time_point begin = result.profile.last = Clock::now();
    trainer.Step(a.steps, batch);
    result.profiled_seconds = SecondsSince(begin);
    std::sort(result.profile.entries.begin(), result.profile.entries.end(),
              [](const auto& x, const auto& y) { return x.seconds > y.seconds; });
  }
  return result;
}

void BenchTrain(const Context& context, const BenchTrainArguments& a) {
  ThreadPool pool(context.NumThreads());
  PlanTraining(ConfigOf(a), pool);  // refuses what does not fit the memory
  const MachinePeak before = MeasureMachinePeak(pool);
  const Result result = Measure(a, context, pool);
  const MachinePeak after = MeasureMachinePeak(pool);
  const TrainConfig& config = result.config;
  // The machine's speed drifts: the mean of both sides of the run.
  const double peak = config.compute == DType::kBF16
                          ? (before.bf16_flops_per_s + after.bf16_flops_per_s) / 2
                          : (before.f32_flops_per_s + after.f32_flops_per_s) / 2;
  const double tokens_per_s = static_cast<double>(config.TokensPerStep()) / result.median();
  const double flops_per_s = static_cast<double>(config.FlopsPerStep()) / result.median();
  if (context.json) {
    Json profile = Json::array();
    for (const auto& entry : result.profile.entries) {
      profile.push_back({{"name", entry.name}, {"calls", entry.calls}, {"seconds", entry.seconds}});
    }
    Json json = {{"preset", a.preset},
                 {"parameters", config.model.NumParameters()},
                 {"rows", config.rows},
                 {"row_tokens", config.row_tokens},
                 {"micro_batch_rows", config.micro_batch_rows},
                 {"optimizer", a.optimizer},
                 {"compute_type", a.dtype},
                 {"threads", pool.num_threads()},
                 {"simd_target", SimdTargetName(ActiveSimdTarget())},
                 {"steps", result.step_seconds.size()},
                 {"step_seconds", result.median()},
                 {"fastest_step_seconds", result.step_seconds.front()},
                 {"tokens_per_s", tokens_per_s},
                 {"flops_per_s", flops_per_s},
                 {"peak_flops_per_s", peak},
                 {"fraction_of_peak", flops_per_s / peak},
                 {"memory_bytes", result.plan.total_bytes()}};
    if (a.profile) json["profile"] = profile;
    PrintJson(json);
    return;
  }
  Print(fmt::format(
      "{}: {} parameters, {} x {} tokens a step, {} at once, {}, {}, {} threads, {}\n"
      "{:.4g} s a step (median of {}; fastest {:.4g})\n"
      "{:.0f} tokens/s, {:.1f} GFLOP/s = {:.1f} % of the machine's {:.1f}\n"
      "{} of memory\n",
      a.preset, FormatCount(static_cast<double>(config.model.NumParameters())), config.rows,
      config.row_tokens, config.micro_batch_rows, a.dtype, a.optimizer, pool.num_threads(),
      SimdTargetName(ActiveSimdTarget()), result.median(), result.step_seconds.size(),
      result.step_seconds.front(), tokens_per_s, flops_per_s * 1e-9, 100 * flops_per_s / peak,
      peak * 1e-9, FormatBytes(static_cast<double>(result.plan.total_bytes()))));
  if (!a.profile) return;
  using Align = TableColumn::Align;
  TextTable table({{.name = "OPERATION"},
                   {.name = "CALLS", .align = Align::kRight},
                   {.name = "TIME", .align = Align::kRight},
                   {.name = "PART", .align = Align::kRight}});
  for (const auto& entry : result.profile.entries) {
    table.AddRow({entry.name, fmt::format("{}", entry.calls),
                  fmt::format("{:.2f} ms", entry.seconds * 1e3),
                  fmt::format("{:.1f} %", 100 * entry.seconds / result.profiled_seconds)});
  }
  Print("\n" + table.Format());
}

}  // namespace

void AddBenchTrainCommand(CLI::App& bench, Context& context) {
  CLI::App* command = bench.add_subcommand(
      "train", "Whole training steps on made-up tokens: speed, part of the peak, memory");
  const auto a = std::make_shared<BenchTrainArguments>();
  command->add_option("--preset", a->preset, "Shape of the model: " + PresetNames())
      ->capture_default_str()
      ->type_name("NAME");
  command->add_option("--vocab-size", a->vocab_size, "Default: 50257 for gpt2, else 4096")
      ->check(WholeNumber(2, size_t{1} << 20))
      ->type_name("N");
  command->add_option("--dtype", a->dtype, "Compute type")
      ->capture_default_str()
      ->check(OneOf({"f32", "bf16"}))
      ->type_name("TYPE");
  command->add_option("--optimizer", a->optimizer, "adamw or muon")
      ->capture_default_str()
      ->check(OneOf({"adamw", "muon"}))
      ->type_name("NAME");
  command->add_option("--rows", a->rows, "Rows of a step (default: 4 for gpt2, else 32)")
      ->check(WholeNumber(1, 65536))
      ->type_name("N");
  command->add_option("--row-tokens", a->row_tokens, "Tokens of a row (default: 256)")
      ->check(WholeNumber(2, 65536))
      ->type_name("N");
  command
      ->add_option("--micro-batch-rows", a->micro_batch_rows,
                   "Rows computed at once (default: about 2048 tokens)")
      ->check(WholeNumber(1, 65536))
      ->type_name("N");
  command->add_option("--steps", a->steps, "Steps after the first; the median counts")
      ->capture_default_str()
      ->check(WholeNumber(1, 10000))
      ->type_name("N");
  command->add_flag("--profile", a->profile,
                    "One more step, with the time of every operation (taken where its result is "
                    "ready)");
  SetExamples(*command,
              "cambium bench train\n"
              "cambium bench train --preset gpt2 --steps 3 --profile --json");
  command->callback([&context, a] { context.run = [&context, a] { BenchTrain(context, *a); }; });
}

}  // namespace cambium
