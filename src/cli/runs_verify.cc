// SPDX-License-Identifier: Apache-2.0
// cambium runs verify: the run again, from its record alone, and whether the bits are the same.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/tokenizer_choice.h"
#include "cli/train_options.h"
#include "ledger/ledger.h"
#include "numerics/simd_target.h"
#include "train/memory_plan.h"
#include "train/run.h"

namespace cambium {
namespace {

struct RepeatedRun {
  TrainConfig config;
  std::filesystem::path data;
  TokenDatasetOptions dataset;
  TokenizerSearch tokenizer;
};

// Ends the repeated run where it differs; not an error of the program.
struct BitsDiffer {};

class VerifyFolder {
 public:
  VerifyFolder()
      : path_(std::filesystem::temp_directory_path() / fmt::format("cambium-verify-{}", getpid())) {
    std::filesystem::remove_all(path_);
  }
  ~VerifyFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  VerifyFolder(const VerifyFolder&) = delete;
  VerifyFolder& operator=(const VerifyFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

RepeatedRun ReadRecord(const RunDetails& details, const Context& context) {
  const RunStart& start = details.record.start;
  if (start.numerics_version != kNumericsVersion) {
    Fail(ErrorCode::kUnsupported,
         "run {} was computed by numerics version {}; this build has version {} and cannot repeat "
         "its bits",
         details.record.id, start.numerics_version, kNumericsVersion);
  }
  RepeatedRun run;
  try {
    const Json json = Json::parse(start.configuration);
    run.config = TrainConfig::FromJson(json.at("train"));
    run.data = json.at("data").get<std::string>();
    const DocumentRules rules = DocumentRulesFromJson(json.at("documents"));
    run.dataset.reader.separator = rules.separator;
    run.dataset.reader.skip_bad_json_lines = rules.skip_bad_lines;
    run.tokenizer.wanted = TokenizerIdentityFromJson(json.at("tokenizer"));
  } catch (const Json::exception& error) {
    Fail(ErrorCode::kUnsupported, "run {} (kind {}) has no training configuration: {}",
         details.record.id, start.kind, error.what());
  }
  run.dataset.val_fraction = run.config.val_fraction;
  run.dataset.reader.exclude.push_back(start.out_dir);  // as the run did
  if (!std::filesystem::exists(run.data)) {
    Fail(ErrorCode::kNotFound, "{}: the data of run {} is not there any more", run.data.string(),
         details.record.id);
  }
  context.Note(fmt::format("reading {}", run.data.string()));
  const std::string hash = ToHex(SummarizeData(run.data, run.dataset).data_hash);
  if (hash != start.data_hash) {
    Fail(
        ErrorCode::kNotFound,
        "{}: the data has changed since run {} (its hash is {}, recorded is {}), so the run cannot "
        "be repeated",
        run.data.string(), details.record.id, hash, start.data_hash);
  }
  run.tokenizer.owner = "run " + details.record.id;
  run.tokenizer.folder = start.out_dir;
  return run;
}

struct Verdict {
  uint64_t steps = 0;  // that were repeated
  size_t compared = 0;
  bool final_compared = false;
  const StepFingerprint* first_difference = nullptr;
  std::string found;       // instead of it
  int64_t last_equal = 0;  // recorded step before it
};

Verdict Repeat(const RepeatedRun& run, const RunDetails& details, uint64_t last_step,
               const Context& context) {
  ThreadPool pool(context.NumThreads());
  PlanTraining(run.config, pool);  // refuses what does not fit the memory
  ParameterStore parameters(run.config.model, /*with_gradients=*/true);
  const VerifyFolder folder;
  TrainRunOptions options = {.data = run.data, .out = folder.path(), .config = run.config};
  options.tokenizer = FindOrTrainTokenizer(run.tokenizer, run.data, run.config.model.vocab_size,
                                           run.dataset, context.quiet, pool);
  options.tokenizer_spec = run.tokenizer.wanted.spec;
  options.dataset = run.dataset;
  options.stop_after_steps = last_step;
  options.checkpoint_every_s = 0;
  options.validate = false;  // it changes no bits
  options.fingerprint_every_steps = run.config.num_steps + 1;
  options.threads = static_cast<int>(pool.num_threads());
  options.quiet = context.quiet;
  Verdict verdict;
  options.on_step = [&](uint64_t step, const StepResult& result) {
    verdict.steps = step;
    for (const StepFingerprint& recorded : details.fingerprints) {
      if (recorded.step != static_cast<int64_t>(step)) continue;
      ++verdict.compared;
      const std::string found = ToHex(parameters.Fingerprint());
      if (found != recorded.sha256) {
        verdict.first_difference = &recorded;
        verdict.found = found;
        throw BitsDiffer();
      }
      verdict.last_equal = recorded.step;
      context.Note(fmt::format("step {:>6}  weights equal: {:.16}...  loss {:.5f}", step, found,
                               result.loss));
    }
  };
  try {
    const TrainRunResult result = RunTraining(options, parameters, pool);
    if (!result.finished && result.steps_done < last_step) {
      Fail(ErrorCode::kCancelled,
           "interrupted after step {}; {} fingerprints were equal until then", verdict.steps,
           verdict.compared);
    }
    const std::string& final_fingerprint = details.record.end.fingerprint;
    verdict.final_compared = result.finished && !final_fingerprint.empty();
    if (verdict.final_compared && result.fingerprint != final_fingerprint) {
      Fail(ErrorCode::kInternal,
           "run {}: its record contradicts itself: the final fingerprint is not that of its last "
           "step",
           details.record.id);
    }
  } catch (const BitsDiffer&) {
  }
  return verdict;
}

void Verify(Context& context, const std::string& id, uint64_t num_steps) {
  std::error_code ignored;
  if (!std::filesystem::exists(context.LedgerPath(), ignored)) {
    Fail(ErrorCode::kNotFound, "{}: there is no run ledger yet", context.LedgerPath().string());
  }
  const RunDetails details = Ledger(context.LedgerPath()).Show(id);
  uint64_t last_step = 0;
  for (const StepFingerprint& recorded : details.fingerprints) {
    const auto step = static_cast<uint64_t>(recorded.step);
    if (num_steps == 0 || step <= num_steps) last_step = std::max(last_step, step);
  }
  if (last_step == 0) {
    if (details.fingerprints.empty()) {
      Fail(ErrorCode::kNotFound, "run {} has no fingerprints to compare with", details.record.id);
    }
    Fail(ErrorCode::kInvalidArgument,
         "run {} has no fingerprint within its first {} steps; the first is of step {}",
         details.record.id, num_steps, details.fingerprints.front().step);
  }
  const auto begin = std::chrono::steady_clock::now();
  const RepeatedRun run = ReadRecord(details, context);
  context.Note(
      fmt::format("repeating {} of {} steps; the weights' SHA-256 is compared after each "
                  "step that has one on record",
                  last_step, run.config.num_steps));
  const Verdict verdict = Repeat(run, details, last_step, context);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const bool verified = verdict.first_difference == nullptr;
  context.exit_code = verified ? kExitDone : kExitFailed;
  if (context.json) {
    Json json = {{"run_id", details.record.id},
                 {"verified", verified},
                 {"steps", verdict.steps},
                 {"fingerprints_compared", verdict.compared},
                 {"final_compared", verdict.final_compared},
                 {"threads", context.NumThreads()},
                 {"simd_target", SimdTargetName(ActiveSimdTarget())},
                 {"seconds", seconds}};
    if (!verified) {
      json["first_difference"] = {{"step", verdict.first_difference->step},
                                  {"last_equal_step", verdict.last_equal},
                                  {"recorded", verdict.first_difference->sha256},
                                  {"found", verdict.found}};
    }
    PrintJson(json);
    return;
  }
  if (verified) {
    Print(fmt::format("verified: {} steps of run {} repeated in {}, {} fingerprints equal{}\n",
                      verdict.steps, details.record.id, FormatDuration(seconds), verdict.compared,
                      verdict.final_compared ? ", the final one among them" : ""));
    return;
  }
  Print(fmt::format(
      "NOT verified: run {0} differs after step {1}{2}\n  recorded {3}\n  found    {4}\n"
      "To find the operation: `{5} train --trace-ops FILE` on both machines, then\n"
      "`{5} runs compare-traces`.\n",
      details.record.id, verdict.first_difference->step,
      verdict.last_equal > 0 ? fmt::format(" (step {} is still equal)", verdict.last_equal) : "",
      verdict.first_difference->sha256, verdict.found, context.program));
}

}  // namespace

void AddRunsVerifyCommand(CLI::App& runs, Context& context) {
  CLI::App* command =
      runs.add_subcommand("verify", "Repeat a training run from its record and compare the bits");
  const auto id = std::make_shared<std::string>();
  const auto steps = std::make_shared<uint64_t>(0);
  command->add_option("ID", *id, "The run's id, the beginning of it, or `latest`")->required();
  command->add_option("--steps", *steps, "Only the first N steps, as far as fingerprints go")
      ->check(WholeNumber(1))
      ->type_name("N");
  SetExamples(*command,
              "cambium runs verify latest\n"
              "cambium runs verify 2k9f3 --steps 100 --threads 1 --isa avx2 --json");
  command->callback([&context, id, steps] {
    context.run = [&context, id, steps] { Verify(context, *id, *steps); };
  });
}

}  // namespace cambium
