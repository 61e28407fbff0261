// SPDX-License-Identifier: Apache-2.0
// cambium train: from text to a model in a folder.
#include <memory>
#include <optional>

#include "base/folder_lock.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/help.h"
#include "cli/new_folder.h"
#include "cli/quantities.h"
#include "cli/train_arguments.h"
#include "cli/train_configuration.h"
#include "cli/train_options.h"
#include "cli/train_sample.h"
#include "formats/hf_tokenizer.h"
#include "numerics/machine_peak.h"
#include "text/bpe_trainer.h"
#include "train/plan.h"
#include "train/recorded_run.h"
#include "train/run.h"

namespace cambium {
namespace {

// The first documents up to a size: enough to learn merges from.
constexpr uint64_t kTokenizerSampleBytes = uint64_t{64} << 20;

std::shared_ptr<const Tokenizer> TrainTokenizer(const TrainArguments& a, uint64_t vocab_size,
                                                const Context& context,
                                                const TokenDatasetOptions& dataset,
                                                ThreadPool& pool) {
  DocumentReader reader(a.data, dataset.reader);
  uint64_t bytes = 0;
  Document document;
  Progress progress("tokenizer", vocab_size, "tok", context.quiet);
  TokenizerData data = TrainBpe(
      {.vocab_size = static_cast<int32_t>(vocab_size),
       .on_progress =
           [&](int32_t made, int32_t) {
             if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped; nothing was saved");
             progress.Update(static_cast<uint64_t>(made));
           }},
      [&](std::string* text) {
        if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped; nothing was saved");
        if (bytes >= kTokenizerSampleBytes || !reader.Next(document)) return false;
        bytes += document.text.size();
        *text = document.text;
        return true;
      },
      pool);
  return std::make_shared<const Tokenizer>(WithDocumentTokens(std::move(data)));
}

// Of the run in --out: its own, and one that is given must be the same.
std::shared_ptr<const Tokenizer> TokenizerOfRun(const TrainArguments& a, const RecordedRun& run) {
  if (!a.tokenizer) return FindTokenizer(a.out, run.tokenizer_hash);
  std::shared_ptr<const Tokenizer> tokenizer = LoadTokenizer(*a.tokenizer);
  const std::string hash = ToHex(tokenizer->Hash());
  if (hash != run.tokenizer_hash) {
    Fail(ErrorCode::kInvalidArgument,
         "--tokenizer {}: is another tokenizer (hash {}) than that of the run in {} (hash {}); "
         "leave "
         "the option out, or start a new run",
         *a.tokenizer, hash, a.out, run.tokenizer_hash);
  }
  return tokenizer;
}

struct Start {
  std::shared_ptr<const Tokenizer> tokenizer;
  TrainConfig config;
};

// With --config: the tokenizer given, or the one beside the file, or one as large as it says.
Start StartOfConfig(const TrainArguments& a, const Context& context,
                    const TokenDatasetOptions& dataset, ThreadPool& pool) {
  Start start = {.tokenizer = nullptr, .config = TrainConfig::FromTomlFile(a.config)};
  CheckAgreement(a, start.config, a.config);
  const std::filesystem::path beside =
      std::filesystem::path(a.config).parent_path() / "tokenizer.json";
  const uint64_t vocab_size = start.config.model.vocab_size;
  if (a.tokenizer) {
    start.tokenizer = LoadTokenizer(*a.tokenizer);
  } else if (std::filesystem::exists(beside)) {
    start.tokenizer = LoadTokenizer(beside);
  } else {
    start.tokenizer = TrainTokenizer(a, vocab_size, context, dataset, pool);
  }
  if (static_cast<uint64_t>(start.tokenizer->vocab_size()) != vocab_size) {
    Fail(ErrorCode::kInvalidArgument,
         "{}: model.vocab_size = {}, but the tokenizer has {} tokens; give the run's tokenizer "
         "with --tokenizer",
         a.config, vocab_size, start.tokenizer->vocab_size());
  }
  return start;
}

Start MakeStart(const TrainArguments& a, const std::optional<RecordedRun>& run,
                const Context& context, const TokenDatasetOptions& dataset, ThreadPool& pool) {
  if (run) return {.tokenizer = TokenizerOfRun(a, *run), .config = run->config};
  if (!a.config.empty()) return StartOfConfig(a, context, dataset, pool);
  const std::shared_ptr<const Tokenizer> tokenizer =
      a.tokenizer ? LoadTokenizer(*a.tokenizer)
                  : TrainTokenizer(a, VocabSizeOf(a), context, dataset, pool);
  return {.tokenizer = tokenizer, .config = NewTrainConfig(a, context, *tokenizer, dataset, pool)};
}

// The run that is in --out, which may only be gone on with, and as it is.
std::optional<RecordedRun> RunToResume(const TrainArguments& a) {
  if (!HoldsRun(a.out)) return std::nullopt;
  if (!a.resume) {
    Fail(ErrorCode::kInvalidArgument,
         "{}: holds a training run already; continue it with --resume, or give another --out",
         a.out);
  }
  std::optional<RecordedRun> run = ReadRecordedRun(a.out);
  const std::string owner = "the run in " + a.out;
  CheckAgreement(a, run->config, owner);
  if (!a.config.empty() && TrainConfig::FromTomlFile(a.config).ToJson() != run->config.ToJson()) {
    Fail(ErrorCode::kInvalidArgument,
         "--config {}: is another configuration than that of {} ({}); leave the option out, or "
         "start a new run",
         a.config, owner, (std::filesystem::path(a.out) / "config.toml").string());
  }
  return run;
}

// Missing, empty and binary data is found before anything is computed or said.
void CheckData(const TrainArguments& a, const TokenDatasetOptions& dataset) {
  if (!std::filesystem::exists(a.data)) {
    Fail(ErrorCode::kNotFound, "{}: no such file or folder (--data)", a.data);
  }
  DocumentReader reader(a.data, dataset.reader);
  Document document;
  reader.Next(document);
}

void PrintPlan(const TrainConfig& config, const MemoryPlan& plan, double peak) {
  const auto tokens = static_cast<double>(config.num_steps * config.TokensPerStep());
  const auto flops = static_cast<double>(config.FlopsOf(config.num_steps));
  const auto bytes = [](size_t size) { return FormatBytes(static_cast<double>(size)); };
  std::fputs(
      fmt::format("\n{}\n"
                  "parameters  {}\n"
                  "tokens      {} in {} steps of {}\n"
                  "compute     {:.3g} FLOP, at least {} at this machine's {} peak\n"
                  "memory      {}: weights {}, gradients {}, optimizer {},\n"
                  "            activations {}, packing {}\n\n",
                  config.ToToml(), FormatCount(static_cast<double>(config.model.NumParameters())),
                  FormatCount(tokens), config.num_steps, config.TokensPerStep(), flops,
                  FormatDuration(flops / peak), DTypeName(config.compute),
                  bytes(plan.total_bytes()), bytes(plan.weights_bytes), bytes(plan.gradients_bytes),
                  bytes(plan.optimizer_bytes), bytes(plan.activations_bytes),
  const NewFolder folder(out);
  const FolderLock lock(out);
                  bytes(plan.packing_bytes))
          .c_str(),
      stderr);
}

void Train(const TrainArguments& a, const std::string& command_to_go_on, Context& context) {
  const std::filesystem::path out = a.out;
  const std::optional<RecordedRun> run = RunToResume(a);
  if (run && !a.hf && !a.export_type) {
    if (a.tokenizer) TokenizerOfRun(a, *run);
    // A run whose model could not be written at its end is gone on with: that writes it.
    if (const auto result = ResultOfFinishedRun(out, run->config, run->step)) {
      ReportFinishedBefore(*result, a.out, context);
      return;
    }
  }
  TokenDatasetOptions dataset;
  dataset.reader.separator = a.separator;
  dataset.reader.skip_bad_json_lines = a.skip_bad_lines;
  dataset.reader.exclude.push_back(out);
  CheckData(a, dataset);
  ThreadPool pool(context.NumThreads());
  const Start start = MakeStart(a, run, context, dataset, pool);
  const TrainConfig& config = start.config;
  const MachinePeak peak = MeasureMachinePeak(pool, 60);
  const double unit = config.compute == DType::kBF16 ? peak.bf16_flops_per_s : peak.f32_flops_per_s;

  ParameterStore parameters(config.model, true);
  TrainRunOptions options = {.data = a.data, .out = out, .config = config};
  options.tokenizer = start.tokenizer;
  options.dataset = dataset;
  options.resume = a.resume;
  if (a.eval_every) {
  options.final_eval_max_tokens = FinalEvalTokens(config, a.budget ? 8192 : 800'000);
    // Never before the end is more steps than there are.
    options.eval_every_steps = *a.eval_every == 0 ? config.num_steps + 1 : *a.eval_every;
  }
  if (a.budget) options.eval_max_tokens = BudgetEvalTokens(config);
  options.checkpoint_every_s = ParseDuration(a.checkpoint_every);
  options.export_type = ExportTypeOf(a.export_type.value_or("f32"));
  options.export_hf = a.hf;
  options.model_name = std::filesystem::absolute(out / "").parent_path().filename().string();
  options.ledger_path = context.LedgerPath();
  options.threads = static_cast<int>(pool.num_threads());
  options.quiet = context.quiet;
  options.peak_flops_per_s = unit;
  options.op_trace = a.trace_ops;
  if (!context.quiet && !a.no_samples) {
    options.sample = SampleWriter(parameters, config.compute, start.tokenizer, pool);
  }
  options.on_start = [&](const MemoryPlan& plan) {
    WriteFileAtomically(out / "tokenizer.json", ToHfTokenizer(start.tokenizer->data()));
    if (!context.quiet) PrintPlan(config, plan, unit);
  };
  const TrainRunResult result = RunTraining(options, parameters, pool);
  ReportTraining(result, a.out, command_to_go_on, context);
  context.exit_code = result.finished ? kExitDone : kExitStopped;
}

}  // namespace

void AddTrainCommand(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("train",
                         "Grow a language model from text: same data, configuration and "
                         "seed, same weights to the bit");
  const auto a = std::make_shared<TrainArguments>();
  AddTrainOptions(*command, *a);
  SetExamples(*command,
              "cambium train --data books/ --out my-model --budget 10m\n"
              "cambium train --data text.jsonl.zst --out mine --preset tiny --tokens 20M\n"
              "cambium train --data books/ --out my-model --resume\n"
              "cambium train --data books/ --out again --config my-model/config.toml");
  command->callback([&context, command, a] {
    context.run = [&context, a, go_on = CommandToGoOn(*command, context.program)] {
      Train(*a, go_on, context);
    };
  });
}

}  // namespace cambium
