// SPDX-License-Identifier: Apache-2.0
// cambium train: from text to a model in a folder.
#include <memory>
#include <optional>

#include "base/file.h"
#include "base/folder_lock.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/help.h"
#include "cli/new_folder.h"
#include "cli/quantities.h"
#include "cli/tokenizer_choice.h"
#include "cli/train_arguments.h"
#include "cli/train_configuration.h"
#include "cli/train_options.h"
#include "cli/train_sample.h"
#include "numerics/machine_peak.h"
#include "train/memory_plan.h"
#include "train/plan.h"
#include "train/recorded_run.h"
#include "train/run.h"

namespace cambium {
namespace {

struct Start {
  std::shared_ptr<const Tokenizer> tokenizer;
  std::string tokenizer_spec;
  TrainConfig config;
};

// Of the run in --out: its own, and one that is given must be the same.
Start StartOfRun(const TrainArguments& a, const RecordedRun& run) {
  const TokenizerSearch search = {
      .owner = "the run in " + a.out, .folder = a.out, .wanted = *run.config.tokenizer};
  return {
      .tokenizer = a.tokenizer ? LoadWantedTokenizer(*a.tokenizer, search) : FindTokenizer(search),
      .tokenizer_spec = search.wanted.spec,
      .config = run.config.train};
}

// The tokenizer that is given, or one that is trained on the text.
Start StartWithTokenizer(const TrainArguments& a, uint64_t vocab_size, const Context& context,
                         const TokenDatasetOptions& dataset, ThreadPool& pool) {
  if (a.tokenizer) {
    return {.tokenizer = LoadTokenizer(*a.tokenizer),
            .tokenizer_spec = TokenizerSpecOf(*a.tokenizer),
            .config = {}};
  }
  return {.tokenizer = TrainTokenizer(a.data, vocab_size, dataset, context.quiet, pool),
          .tokenizer_spec = TokenizerIdentity::kTrained,
          .config = {}};
}

// file: where the configuration was read.
Start StartOfConfig(const TrainArguments& a, const std::filesystem::path& file,
                    const RunConfig& config, const Context& context,
                    const TokenDatasetOptions& dataset, ThreadPool& pool) {
  const uint64_t vocab_size = config.train.model.vocab_size;
  Start start;
  if (config.tokenizer) {
    const TokenizerSearch search = {
        .owner = file.string(), .folder = file.parent_path(), .wanted = *config.tokenizer};
    start.tokenizer = a.tokenizer ? LoadWantedTokenizer(*a.tokenizer, search)
                                  : FindOrTrainTokenizer(search, a.data, vocab_size, dataset,
                                                         context.quiet, pool);
    start.tokenizer_spec = search.wanted.spec;
  } else {
    start = StartWithTokenizer(a, vocab_size, context, dataset, pool);
  }
  if (static_cast<uint64_t>(start.tokenizer->vocab_size()) != vocab_size) {
    Fail(ErrorCode::kInvalidArgument,
         "{}: model.vocab_size = {}, but the tokenizer has {} tokens; give the run's tokenizer "
         "with --tokenizer",
         file.string(), vocab_size, start.tokenizer->vocab_size());
  }
  start.config = config.train;
  return start;
}

// --config, or with --resume the configuration of a run in --out that has no checkpoint yet; empty
// when there is none.
std::filesystem::path ConfigFile(const TrainArguments& a) {
  const std::filesystem::path begun = std::filesystem::path(a.out) / "config.toml";
  if (a.resume && std::filesystem::exists(begun)) return begun;
  return a.config;
}

// settled: what --config says, or the run.
Start MakeStart(const TrainArguments& a, const std::optional<RecordedRun>& run,
                const std::optional<RunConfig>& settled, const Context& context,
                const TokenDatasetOptions& dataset, ThreadPool& pool) {
  if (run) return StartOfRun(a, *run);
  if (settled) return StartOfConfig(a, ConfigFile(a), *settled, context, dataset, pool);
  Start start = StartWithTokenizer(a, VocabSizeOf(a), context, dataset, pool);
  start.config = NewTrainConfig(a, context, *start.tokenizer, dataset, pool);
  return start;
}

// Throws when --config is given and another than that of the run in --out.
void CheckSameConfig(const TrainArguments& a, const RunConfig& config, const std::string& owner) {
  CheckAgreement(a, config, owner);
  if (a.config.empty() ||
      RunConfig::FromTomlFile(a.config).train.ToJson() == config.train.ToJson()) {
    return;
  }
  Fail(ErrorCode::kInvalidArgument,
       "--config {}: is another configuration than that of {} ({}); leave the option out, or "
       "start a new run",
       a.config, owner, (std::filesystem::path(a.out) / "config.toml").string());
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
  CheckSameConfig(a, run->config, "the run in " + a.out);
  return run;
}

// Missing, empty and binary data is found before anything is computed or said.
void CheckData(const TrainArguments& a, const TokenDatasetOptions& dataset) {
  if (!std::filesystem::exists(a.data)) FailNotFound(a.data);
  DocumentReader reader(a.data, dataset.reader);
  Document document;
  reader.Next(document);
}

// What is known before the command line has a say: the run in --out, or --config.
std::optional<RunConfig> SettledConfig(const TrainArguments& a,
                                       const std::optional<RecordedRun>& run) {
  if (run) return run->config;
  const std::filesystem::path file = ConfigFile(a);
  if (file.empty()) return std::nullopt;
  RunConfig config = RunConfig::FromTomlFile(file);
  if (file == a.config) {
    CheckAgreement(a, config, a.config);
  } else {
    CheckSameConfig(a, config, "the run in " + a.out);
  }
  return config;
}

void PrintPlan(const RunConfig& run, const MemoryPlan& plan, double peak) {
  const TrainConfig& config = run.train;
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
                  run.ToToml(), FormatCount(static_cast<double>(config.model.NumParameters())),
                  FormatCount(tokens), config.num_steps, config.TokensPerStep(), flops,
                  FormatDuration(flops / peak), DTypeName(config.compute),
                  bytes(plan.total_bytes()), bytes(plan.weights_bytes), bytes(plan.gradients_bytes),
                  bytes(plan.optimizer_bytes), bytes(plan.activations_bytes),
                  bytes(plan.packing_bytes))
          .c_str(),
      stderr);
}

void Train(const TrainArguments& a, const std::string& command_to_go_on, Context& context) {
  const std::filesystem::path out = a.out;
  const NewFolder folder(out);
  const FolderLock lock(out);
  const std::optional<RecordedRun> run = RunToResume(a);
  if (run && !a.hf && !a.export_type) {
    if (a.tokenizer) StartOfRun(a, *run);  // must be the run's
    // A run whose model could not be written at its end is gone on with: that writes it.
    if (const auto result = ResultOfFinishedRun(out, run->config.train, run->step)) {
      ReportFinishedBefore(*result, a.out, context);
      return;
    }
  }
  const std::optional<RunConfig> settled = SettledConfig(a, run);
  if (a.resume && !run) {
    context.Note(settled ? "the run in " + a.out + " has no checkpoint yet: it starts from step 0"
                         : "nothing to resume in " + a.out + ": a new run begins");
  }
  const DocumentRules rules = DocumentRulesOf(a, settled);
  TokenDatasetOptions dataset;
  dataset.reader.separator = rules.separator;
  dataset.reader.skip_bad_json_lines = rules.skip_bad_lines;
  dataset.reader.exclude.push_back(out);
  CheckData(a, dataset);
  ThreadPool pool(context.NumThreads());
  // What cannot be trained here is refused before its tokens are learned, and before its weights.
  if (settled) PlanTraining(settled->train, pool);
  const Start start = MakeStart(a, run, settled, context, dataset, pool);
  const TrainConfig& config = start.config;
  if (!settled) PlanTraining(config, pool);
  const MachinePeak peak = MeasureMachinePeak(pool, 60);
  const double unit = config.compute == DType::kBF16 ? peak.bf16_flops_per_s : peak.f32_flops_per_s;

  ParameterStore parameters(config.model, true);
  TrainRunOptions options = {.data = a.data, .out = out, .config = config};
  options.tokenizer = start.tokenizer;
  options.tokenizer_spec = start.tokenizer_spec;
  options.dataset = dataset;
  if (settled) options.wanted_data_sha256 = settled->data_sha256.value_or("");
  options.resume = a.resume;
  if (a.eval_every) {
    // Never before the end is more steps than there are.
    options.eval_every_steps = *a.eval_every == 0 ? config.num_steps + 1 : *a.eval_every;
  }
  if (a.budget) options.eval_max_tokens = BudgetEvalTokens(config);
  options.final_eval_max_tokens = FinalEvalTokens(config, a.budget ? 8192 : 800'000);
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
    if (!context.quiet) PrintPlan(RunConfigOf(options), plan, unit);
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
