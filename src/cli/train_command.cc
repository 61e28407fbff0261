// SPDX-License-Identifier: Apache-2.0
// cambium train: from text to a model in a folder.
#include <fstream>
#include <memory>
#include <optional>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/train_options.h"
#include "formats/hf_tokenizer.h"
#include "numerics/machine_peak.h"
#include "text/bpe_trainer.h"
#include "train/plan.h"
#include "train/run.h"

namespace cambium {
namespace {

struct TrainArguments {
  std::string data, out, budget, tokens, config, preset = "small", dtype = "bf16", tokenizer;
  std::string optimizer = "muon", schedule, export_type = "f32", batch_mode;
  std::string separator = "<|endoftext|>", checkpoint_every = "60s";
  std::optional<uint64_t> steps;
  uint64_t seed = 1, vocab_size = 0, eval_every = 0;
  uint32_t rows = 0, row_tokens = 0;
  std::optional<double> learning_rate;
  double val_fraction = -1;
  std::string trace_ops;
  bool resume = false, hf = false, skip_bad_lines = false;
};

// The first documents up to a size: enough to learn merges from.
constexpr uint64_t kTokenizerSampleBytes = uint64_t{64} << 20;

std::shared_ptr<const Tokenizer> TrainTokenizer(const TrainArguments& a, const Context& context,
                                                const TokenDatasetOptions& dataset,
                                                ThreadPool& pool) {
  DocumentReader reader(a.data, dataset.reader);
  uint64_t bytes = 0;
  Document document;
  Progress progress("tokenizer", a.vocab_size, "tok", context.quiet);
  TokenizerData data = TrainBpe(
      {.vocab_size = static_cast<int32_t>(a.vocab_size),
       .on_progress = [&](int32_t made, int32_t) { progress.Update(static_cast<uint64_t>(made)); }},
      [&](std::string* text) {
        if (bytes >= kTokenizerSampleBytes || !reader.Next(document)) return false;
        bytes += document.text.size();
        *text = document.text;
        return true;
      },
      pool);
  return std::make_shared<const Tokenizer>(WithDocumentTokens(std::move(data)));
}

std::shared_ptr<const Tokenizer> MakeTokenizer(const TrainArguments& a, const Context& context,
                                               const TokenDatasetOptions& dataset,
                                               ThreadPool& pool) {
  const std::filesystem::path saved = std::filesystem::path(a.out) / "tokenizer.json";
  if (a.tokenizer == "byte") return LoadTokenizer("byte");
  if (!a.tokenizer.empty()) return LoadTokenizer(a.tokenizer);
  if (a.resume && std::filesystem::exists(saved)) return LoadTokenizer(saved);
  // A run's configuration lies beside its tokenizer.
  const std::filesystem::path beside =
      std::filesystem::path(a.config).parent_path() / "tokenizer.json";
  if (!a.config.empty() && std::filesystem::exists(beside)) return LoadTokenizer(beside);
  return TrainTokenizer(a, context, dataset, pool);
}

TrainConfig MakeConfig(const TrainArguments& a, const Context& context, const Tokenizer& tokenizer,
                       const TokenDatasetOptions& dataset, ThreadPool& pool) {
  const size_t vocab_size = static_cast<size_t>(tokenizer.vocab_size());
  if (a.resume) {
    // The checkpoint knows; what is given beside it must agree, and RunTraining checks the rest.
    try {
      const TrainConfig config = ConfigOfCheckpoint(a.out);
      if (a.steps && *a.steps != config.num_steps) {
        Fail(
            ErrorCode::kInvalidArgument,
            "{}: the run has {} steps, --steps {} was given; a resumed run keeps its configuration",
            a.out, config.num_steps, *a.steps);
      }
      return config;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound) throw;
    }
  }
  if (!a.config.empty()) {
    TrainConfig config = TrainConfig::FromTomlFile(a.config);
    if (config.model.vocab_size != vocab_size) {
      Fail(ErrorCode::kInvalidArgument,
           "{}: model.vocab_size = {}, but the tokenizer has {} tokens; give the run's tokenizer "
           "with --tokenizer",
           a.config, config.model.vocab_size, vocab_size);
    }
    return config;
  }
  const OptimizerKind optimizer =
      a.optimizer == "adamw" ? OptimizerKind::kAdamW : OptimizerKind::kMuon;
  const DType compute = a.dtype == "f32" ? DType::kF32 : DType::kBF16;
  TrainConfig config;
  if (!a.budget.empty()) {
    const DataSummary summary = SummarizeData(a.data, dataset);
    const double bytes_per_token = MeanBytesPerToken(a.data, dataset, tokenizer);
    const uint64_t data_tokens =
        static_cast<uint64_t>(static_cast<double>(summary.stats.text_bytes) / bytes_per_token);
    const BudgetChoice choice = ChooseForBudget(ParseDuration(a.budget), data_tokens, vocab_size,
                                                compute, optimizer, a.seed, pool);
    if (!context.quiet) std::fprintf(stderr, "%s\n", choice.explanation.c_str());
    config = choice.config;
  } else {
    ModelConfig model = FindModelPreset(a.preset).config;
    model.vocab_size = vocab_size;
    const uint64_t tokens =
        !a.tokens.empty() ? ParseCount(a.tokens) : uint64_t{20} * model.NumParameters();
    config = DefaultTrainConfig(model, tokens, optimizer);
    config.compute = compute;
    config.seed = a.seed;
  }
  if (a.row_tokens > 0) {
    const uint64_t tokens = config.num_steps * config.TokensPerStep();
    config.model.context_length = std::max<size_t>(config.model.context_length, a.row_tokens);
    const uint64_t seed = config.seed;
    config = DefaultTrainConfig(config.model, tokens, optimizer);
    config.row_tokens = a.row_tokens;
    config.rows = static_cast<uint32_t>(std::max<uint64_t>(1, 8192 / a.row_tokens));
    config.compute = compute;
    config.seed = seed;
    config.num_steps = std::max<uint64_t>(1, tokens / config.TokensPerStep());
  }
  if (a.rows > 0) {
    const uint64_t tokens = config.num_steps * config.TokensPerStep();
    config.rows = a.rows;
    config.num_steps = std::max<uint64_t>(1, tokens / config.TokensPerStep());
  }
  config.micro_batch_rows = std::min(config.micro_batch_rows, config.rows);
  while (config.rows % config.micro_batch_rows != 0) --config.micro_batch_rows;
  if (a.steps) config.num_steps = *a.steps;
  config.warmup_steps = std::min<uint64_t>(config.num_steps / 20, 100);
  if (a.learning_rate) config.learning_rate = *a.learning_rate;
  if (!a.schedule.empty()) {
    config.schedule =
        a.schedule == "cosine" ? ScheduleKind::kCosine : ScheduleKind::kWarmupStableDecay;
  }
  if (a.val_fraction >= 0) config.val_fraction = a.val_fraction;
  if (!a.batch_mode.empty()) config.batch_mode = a.batch_mode;
  config.Validate();
  return config;
}

void PrintPlan(const TrainConfig& config, const MemoryPlan& plan, double peak) {
  std::fprintf(stderr, "\n%s\n", config.ToToml().c_str());
  std::fprintf(
      stderr,
      "parameters  %s\n"
      "tokens      %s in %llu steps of %llu\n"
      "compute     %.3g FLOP, at least %s at this machine's %s peak\n"
      "memory      %s: weights %s, gradients %s, optimizer %s, activations %s, packing "
      "%s\n\n",
      FormatCount(static_cast<double>(config.model.NumParameters())).c_str(),
      FormatCount(static_cast<double>(config.num_steps * config.TokensPerStep())).c_str(),
      static_cast<unsigned long long>(config.num_steps),
      static_cast<unsigned long long>(config.TokensPerStep()),
      config.FlopsPerStep() * static_cast<double>(config.num_steps),
      FormatDuration(config.FlopsPerStep() * static_cast<double>(config.num_steps) / peak).c_str(),
      DTypeName(config.compute), FormatBytes(static_cast<double>(plan.total_bytes())).c_str(),
      FormatBytes(static_cast<double>(plan.weights_bytes)).c_str(),
      FormatBytes(static_cast<double>(plan.gradients_bytes)).c_str(),
      FormatBytes(static_cast<double>(plan.optimizer_bytes)).c_str(),
      FormatBytes(static_cast<double>(plan.activations_bytes)).c_str(),
      FormatBytes(static_cast<double>(plan.packing_bytes)).c_str());
}

void Train(const TrainArguments& arguments, const Context& context) {
  TrainArguments a = arguments;
  if (!std::filesystem::exists(a.data)) {
    Fail(ErrorCode::kNotFound, "{}: no such file or folder (--data)", a.data);
  }
  InstallInterruptHandler();
  ThreadPool pool(context.NumThreads());
  TokenDatasetOptions dataset;
  dataset.reader.separator = a.separator;
  dataset.reader.skip_bad_json_lines = a.skip_bad_lines;
  dataset.reader.exclude.push_back(a.out);
  if (a.vocab_size == 0) a.vocab_size = a.preset == "gpt2" ? 32768 : 4096;
  MakeDirectories(a.out);
  const std::shared_ptr<const Tokenizer> tokenizer = MakeTokenizer(a, context, dataset, pool);
  WriteFileAtomically(std::filesystem::path(a.out) / "tokenizer.json",
                      ToHfTokenizer(tokenizer->data()));
  const TrainConfig config = MakeConfig(a, context, *tokenizer, dataset, pool);
  const MachinePeak peak = MeasureMachinePeak(pool, 60);
  const double unit = config.compute == DType::kBF16 ? peak.bf16_flops_per_s : peak.f32_flops_per_s;

  ParameterStore parameters(config.model, true);
  if (!context.quiet) {
    PrintPlan(config, Trainer(config, parameters, pool).memory_plan(), unit);
  }
  TrainRunOptions options = {.data = a.data, .out = a.out, .config = config};
  options.tokenizer = tokenizer;
  options.dataset = dataset;
  options.resume = a.resume;
  options.eval_every_steps = a.eval_every;
  options.checkpoint_every_s = ParseDuration(a.checkpoint_every);
  options.export_type = ExportTypeOf(a.export_type);
  options.export_hf = a.hf;
  options.model_name = std::filesystem::path(a.out).filename().string();
  options.ledger_path = context.LedgerPath();
  options.threads = static_cast<int>(pool.num_threads());
  options.quiet = context.quiet;
  options.peak_flops_per_s = unit;
  options.op_trace = a.trace_ops;
  const TrainRunResult result = RunTraining(options, parameters, pool);
  ReportTraining(result, a.out, a.data, context);
}

}  // namespace

void AddTrainCommand(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("train",
                         "Grow a language model from text: same data, configuration and "
                         "seed, same weights to the bit");
  const auto a = std::make_shared<TrainArguments>();
  command
      ->add_option("--data", a->data,
                   "Text: a file, a folder, JSONL with a text field; .gz and "
                   ".zst of these")
      ->required();
  command->add_option("--out", a->out, "Folder for the model, its checkpoints and its record")
      ->required();
  CLI::Option* budget = command->add_option(
      "--budget", a->budget, "Time to spend, like 10m: model size and tokens are chosen for it");
  command->add_option("--preset", a->preset, "Shape of the model: " + PresetNames())
      ->capture_default_str()
      ->excludes(budget);
  CLI::Option* tokens = command->add_option(
      "--tokens", a->tokens, "Tokens to train on, like 10M (default: 20 a parameter)");
  tokens->excludes(budget);
  command->add_option("--steps", a->steps, "Steps to train for, instead of --tokens")
      ->excludes(tokens)
      ->excludes(budget);
  command->add_option("--config", a->config, "A run's config.toml: the same run again")
      ->excludes(budget)
      ->check(CLI::ExistingFile);
  command->add_option("--dtype", a->dtype, "Compute type")
      ->capture_default_str()
      ->check(CLI::IsMember({"f32", "bf16"}));
  command->add_option("--tokenizer", a->tokenizer,
                      "tokenizer.json, a GGUF model, or byte (default: trained on the data)");
  command->add_option("--vocab-size", a->vocab_size,
                      "Tokens of a trained tokenizer (default: 4096)");
  command->add_option("--seed", a->seed, "Of weights and data order")->capture_default_str();
  command->add_option("--optimizer", a->optimizer, "For matrices; AdamW has the rest")
      ->capture_default_str()
      ->check(CLI::IsMember({"muon", "adamw"}));
  command->add_option("--lr", a->learning_rate, "Peak learning rate of AdamW (default: by width)");
  command->add_option("--schedule", a->schedule, "wsd (warm-up, stable, decay) or cosine")
      ->check(CLI::IsMember({"wsd", "cosine"}));
  command->add_option("--rows", a->rows, "Rows of a step's batch");
  command->add_option("--row-tokens", a->row_tokens, "Tokens of a row");
  command->add_option("--val-fraction", a->val_fraction,
                      "Part of the documents kept for validation (default: 0.1)");
  command
      ->add_option("--batch-mode", a->batch_mode,
                   "packed (documents) or stream (windows of one long text); default: auto")
      ->check(CLI::IsMember({"auto", "packed", "stream"}));
  command->add_option("--separator", a->separator, "A line that ends a document in plain text")
      ->capture_default_str();
  command->add_flag("--skip-bad-lines", a->skip_bad_lines, "Skip and count broken JSONL lines");
  command->add_option("--eval-every", a->eval_every,
                      "Steps between validations (default: a tenth)");
  command->add_option("--checkpoint-every", a->checkpoint_every, "Time between checkpoints")
      ->capture_default_str();
  command->add_option("--export", a->export_type, "Type of the matrices in model.gguf")
      ->capture_default_str()
      ->check(CLI::IsMember({"f32", "bf16", "f16"}));
  command
      ->add_option("--trace-ops", a->trace_ops,
                   "For debugging, slow: write the hash of every operation's result to FILE; "
                   "see `cambium runs compare-traces`")
      ->type_name("FILE");
  command->add_flag("--hf", a->hf, "Write a Hugging Face folder as well (DIR/hf)");
  command->add_flag("--resume", a->resume, "Go on from the last checkpoint in DIR");
  SetExamples(*command,
              "cambium train --data books/ --out my-model --budget 10m\n"
              "cambium train --data text.jsonl.zst --out mine --preset tiny --tokens 20M\n"
              "cambium train --data books/ --out my-model --resume\n"
              "cambium train --data books/ --out again --config my-model/config.toml");
  command->callback([&context, a] { context.run = [&context, a] { Train(*a, context); }; });
}

}  // namespace cambium
