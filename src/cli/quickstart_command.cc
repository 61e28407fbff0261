// SPDX-License-Identifier: Apache-2.0
// cambium quickstart: grows a small model on the built-in corpus, lets it speak, and shows that the
// run gave the same bits as ours.
#include <memory>

#include "base/file.h"
#include "base/folder_lock.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/shell_quote.h"
#include "cli/tokenizer_choice.h"
#include "cli/train_options.h"
#include "formats/hf_tokenizer.h"
#include "infer/generate.h"
#include "numerics/machine_peak.h"
#include "text/bpe_trainer.h"
#include "text/corpus/corpus.h"
#include "train/memory_plan.h"
#include "train/plan.h"

namespace cambium {
namespace {

// The reference run. Whatever changes its bits (corpus, tokenizer, configuration, numerics) changes
// the fingerprints below, which a run on any machine then shows: `cambium quickstart --json`.
constexpr uint64_t kSeed = 1;
constexpr uint64_t kCorpusBytes = uint64_t{12} << 20;
constexpr uint64_t kHeldOutBytes = uint64_t{400} << 10;
constexpr int32_t kVocabSize = 2048;
constexpr uint64_t kSteps = 800;
struct ReferenceFingerprint {
  uint64_t step;
  const char* sha256;
};
constexpr ReferenceFingerprint kReference[] = {
    {20, "8d403379f6e4acaf8f8294f6a799a06db60b0a5387d6aa6eb02665dafee3add2"},
    {kSteps, "2a4ed6de473e90ca5053febf4063a6b1ebce9ae32042392b05c52d330c016702"},
};
constexpr size_t kNumProblems = 200;

TrainConfig QuickstartConfig() {
  ModelConfig model = FindModelPreset("tiny").config;
  model.vocab_size = kVocabSize;
  TrainConfig config = DefaultTrainConfig(model, 0, OptimizerKind::kMuon);
  config.num_steps = kSteps;
  config.warmup_steps = 20;
  config.seed = kSeed;
  config.val_fraction = 0.02;
  return config;
}

void WriteCorpus(const std::filesystem::path& path, CorpusSplit split, uint64_t size_bytes) {
  const Corpus corpus(kSeed, split);
  AtomicFileWriter file(path);
  for (uint64_t i = 0; file.offset_bytes() < size_bytes; ++i) {
    file.Write(ToJsonLine(corpus.Record(i)) + "\n");
  }
  file.Commit();
}

std::shared_ptr<const Tokenizer> TrainTokenizer(ThreadPool& pool) {
  // Merges from the beginning of the corpus: 4 MB show all words.
  const Corpus corpus(kSeed, CorpusSplit::kTrain);
  uint64_t index = 0, bytes = 0;
  TokenizerData data = TrainBpe(
      {.vocab_size = kVocabSize},
      [&](std::string* text) {
        if (bytes > (uint64_t{4} << 20)) return false;
        *text = corpus.Record(index++).text;
        bytes += text->size();
        return true;
      },
      pool);
  return std::make_shared<const Tokenizer>(WithDocumentTokens(std::move(data)));
}

Evaluation HeldOutLoss(const std::filesystem::path& folder, const TrainConfig& config,
                       const Tokenizer& tokenizer, ParameterStore& parameters, ThreadPool& pool) {
  const std::filesystem::path text = folder / "held_out.jsonl";
  WriteCorpus(text, CorpusSplit::kHeldOut, kHeldOutBytes);
  // Every document is for validation: hashes below a fraction of almost one.
  TokenDatasetOptions options;
  options.val_fraction = 1 - 1e-9;
  options.split = SplitMode::kContentHash;
  TokenDataset dataset = PrepareTokenDataset(text, folder / "held_out.bin",
                                             DatasetTokenizerOf(tokenizer, pool), options);
  const ValidationLoader loader(std::make_shared<const TokenFile>(std::move(dataset.file)),
                                {.rows = config.micro_batch_rows,
                                 .row_tokens = config.row_tokens,
                                 .bos_id = tokenizer.bos_id()},
                                BytesOfTokens(tokenizer));
  Trainer trainer(config, parameters, pool);
  return Evaluate(trainer, loader);
}

struct Answered {
  CorpusRecord record;
  std::string completion;
  bool right = false;
};

// Greedy answers to held-out sums that ask for the result at once.
std::vector<Answered> AnswerProblems(Engine& engine, const Tokenizer& tokenizer) {
  const Corpus corpus(kSeed, CorpusSplit::kHeldOut);
  std::vector<Answered> answers;
  for (uint64_t i = 0; i < kNumProblems; ++i) {
    Answered a = {.record = corpus.RecordOfKind(RecordKind::kArithmetic, i), .completion = ""};
    const std::vector<int32_t> prompt = tokenizer.Encode(a.record.prompt, {.allow_bos = true});
    const GenerateResult result =
        Generate(engine, tokenizer, prompt,
                 {.sampler = {.temperature = 0}, .max_tokens = 12, .stop = {"\n"}});
    a.completion = result.continuations[0].text;
    a.right = CheckAnswer(a.record, a.completion);
    answers.push_back(std::move(a));
  }
  return answers;
}

std::string TellStory(Engine& engine, const Tokenizer& tokenizer) {
  const std::string opening = "Once upon a time";
  const std::vector<int32_t> prompt = tokenizer.Encode(opening, {.allow_bos = true});
  const GenerateResult result =
      Generate(engine, tokenizer, prompt,
               {.sampler = {.temperature = 0.7f, .top_p = 0.9f, .seed = kSeed}, .max_tokens = 200});
  return opening + result.continuations[0].text;
}

// Wraps at 78 columns, keeping line breaks.
std::string Wrap(const std::string& text) {
  std::string out, line;
  const auto flush = [&] {
    out += "  " + line + "\n";
    line.clear();
  };
  std::string word;
  for (const char c : text + "\n") {
    if (c != ' ' && c != '\n') {
      word += c;
      continue;
    }
    if (!line.empty() && line.size() + 1 + word.size() > 76) flush();
    line += (line.empty() ? "" : " ") + word;
    word.clear();
    if (c == '\n') flush();
  }
  return out;
}

void Quickstart(const std::filesystem::path& out, uint64_t steps, Context& context) {
  InstallInterruptHandler();
  // An earlier quickstart is replaced; a folder of anything else is not ours to write in.
  const std::filesystem::path marker = out / ".cambium-quickstart";
  std::error_code error;
  if (std::filesystem::exists(out, error) && !std::filesystem::exists(marker, error) &&
      !std::filesystem::is_empty(out, error)) {
    Fail(ErrorCode::kInvalidArgument,
         "--out {}: is not empty, and not the folder of an earlier quickstart; give another",
         out.string());
  }
  ThreadPool pool(context.NumThreads());
  MakeDirectories(out);
  WriteFileAtomically(marker, "The folder of a cambium quickstart, which the next one replaces.\n");
  const FolderLock lock(out);
  const TrainConfig config = QuickstartConfig();
  PlanTraining(config, pool);  // refuses a machine with too little memory
  context.Note("writing the built-in corpus and learning its tokens");
  WriteCorpus(out / "corpus.jsonl", CorpusSplit::kTrain, kCorpusBytes);
  const std::shared_ptr<const Tokenizer> tokenizer = TrainTokenizer(pool);
  WriteFileAtomically(out / "tokenizer.json", ToHfTokenizer(tokenizer->data()));

  ParameterStore parameters(config.model, true);
  TrainRunOptions options = {.data = out / "corpus.jsonl", .out = out / "model", .config = config};
  options.tokenizer = tokenizer;
  options.tokenizer_spec = TokenizerSpecOf((out / "tokenizer.json").string());
  options.eval_every_steps = kSteps / 5;
  options.stop_after_steps = steps;
  options.model_name = "cambium-quickstart";
  options.ledger_path = context.LedgerPath();
  options.threads = static_cast<int>(pool.num_threads());
  options.quiet = context.quiet;
  options.peak_flops_per_s = MeasureMachinePeak(pool, 60).bf16_flops_per_s;
  // The quickstart always shows the whole run: an earlier one in this folder is replaced.
  std::filesystem::remove_all(options.out);
  context.Note(fmt::format("training {} parameters on {} tokens",
                           FormatCount(static_cast<double>(config.model.NumParameters())),
                           FormatCount(static_cast<double>(kSteps * config.TokensPerStep()))));
  const TrainRunResult run = RunTraining(options, parameters, pool);
  if (Interrupted()) {
    Fail(ErrorCode::kCancelled, "stopped at step {}; run it again to start over", run.steps_done);
  }
  const Evaluation held_out = HeldOutLoss(out, config, *tokenizer, parameters, pool);
  Engine engine(parameters, pool, {.compute = config.compute});
  const std::string story = TellStory(engine, *tokenizer);
  const std::vector<Answered> answers = AnswerProblems(engine, *tokenizer);
  size_t num_right = 0;
  for (const Answered& a : answers) num_right += a.right;
  const double accuracy = static_cast<double>(num_right) / static_cast<double>(answers.size());

  std::string reference;
  for (const ReferenceFingerprint& r : kReference) {
    if (r.step == run.steps_done) reference = r.sha256;
  }
  const bool identical = reference == run.fingerprint;
  if (!reference.empty() && !identical) context.exit_code = kExitFailed;
  if (context.json) {
    PrintJson({{"fingerprint", run.fingerprint},
               {"reference", reference.empty() ? Json() : Json(reference)},
               {"identical", reference.empty() ? Json() : Json(identical)},
               {"bits_per_byte", held_out.bits_per_byte},
               {"accuracy", accuracy},
               {"seconds", run.wall_seconds},
               {"tokens_per_s", run.tokens_per_s},
               {"steps", run.steps_done},
               {"run_id", run.run_id},
               {"out", out.string()}});
    return;
  }
  Print(fmt::format("\nA story it wrote (temperature 0.7, seed {}):\n\n{}\n", kSeed, Wrap(story)));
  Print("Sums it was never shown:\n\n");
  for (size_t i = 0; i < 5; ++i) {
    const Answered& a = answers[i];
    std::string shown = a.record.prompt + a.completion;
    for (char& c : shown) c = c == '\n' ? ' ' : c;
    Print(fmt::format("  {}  {}\n", a.right ? "right" : "WRONG", shown));
  }
  Print(fmt::format("  ... {} of {} right ({:.0f} %)\n\n", num_right, answers.size(),
                    100 * accuracy));
  Print(fmt::format("held out      {:.4f} bits per byte\n", held_out.bits_per_byte));
  Print(fmt::format("trained       {} tokens in {}, {} tokens/s\n",
                    FormatCount(static_cast<double>(run.tokens)), FormatDuration(run.wall_seconds),
                    FormatCount(run.tokens_per_s)));
  Print(fmt::format("fingerprint   {}\n", run.fingerprint));
  if (reference.empty()) {
    Print(fmt::format("identical to the reference run: none is recorded for {} steps\n",
                      run.steps_done));
  } else {
    Print(fmt::format("identical to the reference run: {}\n", identical ? "yes" : "no"));
  }
  const std::string first =
      run.finished ? fmt::format("generate --model {} --prompt \"One day a little fox\"",
                                 ShellQuote((out / "model" / "model.gguf").string()))
                   : "quickstart";
  Print(
      fmt::format("\nNext:\n  {0} {1}\n"
                  "  {0} train --data YOUR_TEXT --out my-model --budget 10m\n"
                  "  {0} runs list\n",
                  context.program, first));
}

}  // namespace

void AddQuickstartCommand(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("quickstart",
                         "Grow a small model on the built-in corpus, let it speak, and compare its "
                         "weights with the reference run, bit for bit");
  struct Arguments {
    std::filesystem::path out = "cambium-quickstart";
    uint64_t steps = 0;
  };
  const auto a = std::make_shared<Arguments>();
  command->add_option("--out", a->out, "Folder for corpus, model and record")
      ->capture_default_str();
  command
      ->add_option("--steps", a->steps,
                   "Stop after this many steps (20 has a recorded fingerprint, too)")
      ->check(WholeNumber(1, kSteps));
  SetExamples(*command, "cambium quickstart\ncambium quickstart --out /tmp/first --json");
  command->callback(
      [&context, a] { context.run = [&context, a] { Quickstart(a->out, a->steps, context); }; });
}

}  // namespace cambium
