// SPDX-License-Identifier: Apache-2.0
// cambium data generate: the built-in corpus. Records are made by all threads and written in order;
// what comes out is a function of the options alone.
#include <unistd.h>

#include <limits>
#include <memory>

#include "base/interrupt.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/text_output.h"
#include "text/corpus/corpus.h"

namespace cambium {
namespace {

// Made by one task: large enough to hide the hand-out, small enough for a lively display.
constexpr uint64_t kRecordsPerTask = 64;
constexpr uint64_t kTasksPerThread = 4;
// Between the records of plain text; readers of text files split there (text/document_reader.h).
constexpr std::string_view kTextSeparator = "<|endoftext|>\n";

struct GenerateOptions {
  uint64_t seed = 1;
  std::string split = "train";
  std::vector<std::string> kinds;  // empty: the default mix
  std::string records;             // as written on the command line; empty: no limit
  std::string bytes;
  std::string format = "jsonl";
  std::filesystem::path out;
};

CorpusMix MixOf(const std::vector<std::string>& kinds) {
  if (kinds.empty()) return kDefaultCorpusMix;
  CorpusMix mix = {};
  for (const std::string& name : kinds) {
    const auto kind = static_cast<size_t>(RecordKindFromName(name));
    mix[kind] = std::max<uint32_t>(kDefaultCorpusMix[kind], 1);
  }
  return mix;
}

std::string Format(const CorpusRecord& record, bool as_text) {
  if (!as_text) return ToJsonLine(record) + "\n";
  std::string text = record.text;
  if (!text.ends_with('\n')) text += '\n';
  return text.append(kTextSeparator);
}

// Makes rounds of records with all threads; Next hands them out one by one, by ascending index.
class RecordStream {
 public:
  RecordStream(const Corpus& corpus, bool as_text, size_t num_threads)
      : corpus_(corpus), as_text_(as_text), pool_(num_threads) {
    lines_.resize(pool_.num_threads() * kTasksPerThread * kRecordsPerTask);
    next_ = lines_.size();
  }

  const std::string& Next() {
    if (next_ == lines_.size()) Refill();
    return lines_[next_++];
  }

 private:
  void Refill() {
    pool_.ParallelFor(lines_.size() / kRecordsPerTask, [this](size_t task, size_t) {
      for (size_t i = task * kRecordsPerTask; i < (task + 1) * kRecordsPerTask; ++i) {
        lines_[i] = Format(corpus_.Record(first_index_ + i), as_text_);
      }
    });
    first_index_ += lines_.size();
    next_ = 0;
  }

  const Corpus& corpus_;
  bool as_text_;
  ThreadPool pool_;
  std::vector<std::string> lines_;
  size_t next_ = 0;
  uint64_t first_index_ = 0;
};

void Generate(const Context& context, const GenerateOptions& options) {
  if (options.records.empty() == options.bytes.empty()) {
    Fail(ErrorCode::kInvalidArgument,
         "say how much: either --records N or --bytes SIZE; try `{} data generate --help`",
         context.program);
  }
  constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();
  const uint64_t max_records = options.records.empty() ? kNoLimit : ParseCount(options.records);
  const uint64_t max_bytes = options.bytes.empty() ? kNoLimit : ParseSizeBytes(options.bytes);
  const Corpus corpus(options.seed,
                      options.split == "train" ? CorpusSplit::kTrain : CorpusSplit::kHeldOut,
                      MixOf(options.kinds));
  TextOutput output(options.out);
  if (context.json && output.is_stdout()) {
    Fail(ErrorCode::kInvalidArgument,
         "with --json standard output holds one object; say --out FILE for the records");
  }
  RecordStream records(corpus, options.format == "text", context.NumThreads());
  // Records on the terminal are their own progress.
  const bool quiet = context.quiet || (output.is_stdout() && isatty(STDOUT_FILENO) == 1);
  const bool by_records = max_records != kNoLimit;
  Progress progress("generating", by_records ? max_records : max_bytes,
                    by_records ? "records" : "B", quiet);
  uint64_t num_records = 0;
  while (num_records < max_records) {
    const std::string& line = records.Next();
    // The limit is never passed; a file of less than one record would be of no use.
    if (num_records > 0 && line.size() > max_bytes - std::min(max_bytes, output.text_bytes())) {
      break;
    }
    output.Write(line);
    ++num_records;
    if (num_records % kRecordsPerTask != 0) continue;
    progress.Update(by_records ? num_records : output.text_bytes());
    if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped; nothing was saved");
  }
  progress.Update(by_records ? num_records : output.text_bytes());
  output.Finish();
  progress.Complete();
  if (context.json) {
    PrintJson({{"out", options.out.string()},
               {"seed", options.seed},
               {"split", options.split},
               {"records", num_records},
               {"bytes", output.text_bytes()}});
  }
}

std::string KindNames() {
  std::string names;
  for (int i = 0; i < kNumRecordKinds; ++i) {
    names += (i == 0 ? "" : ", ") + std::string(RecordKindName(static_cast<RecordKind>(i)));
  }
  return names;
}

}  // namespace

void AddDataCommand(CLI::App& app, Context& context) {
  CLI::App* data = app.add_subcommand("data", "Make training data");
  data->require_subcommand(1);
  SetExamples(*data, "cambium data generate --records 3");

  CLI::App* generate = data->add_subcommand(
      "generate",
      "Write records of the built-in corpus: short stories, little worlds of invented facts with "
      "questions, sums and string puzzles with and without worked steps. The same options give the "
      "same bytes everywhere");
  const auto options = std::make_shared<GenerateOptions>();
  generate->add_option("--seed", options->seed, "Which corpus")
      ->capture_default_str()
      ->check(WholeNumber(0))
      ->type_name("N");
  generate
      ->add_option("--split", options->split,
                   "train or heldout; no story, world or sum is in both, whatever the seeds")
      ->capture_default_str()
      ->check(OneOf({"train", "heldout"}))
      ->type_name("NAME");
  generate->add_option("--kind", options->kinds, "Only this kind; may be repeated: " + KindNames())
      ->delimiter(',')
      ->type_name("NAME");
  generate->add_option("--records", options->records, "How many records, e.g. 500 or 10k")
      ->check(CountFrom(1))
      ->type_name("N");
  generate
      ->add_option(
          "--bytes", options->bytes,
          "As many whole records as fit in this size before compression, e.g. 10M or 64MiB; "
          "at least one")
      ->check(SizeFrom(1))
      ->type_name("SIZE");
  generate
      ->add_option("--out", options->out,
                   "A file, compressed when it ends in .gz or .zst; without it standard output")
      ->type_name("FILE");
  generate
      ->add_option("--format", options->format,
                   "jsonl: one object a line, with kind and answer; text: records between lines "
                   "of <|endoftext|>")
      ->capture_default_str()
      ->check(OneOf({"jsonl", "text"}))
      ->type_name("NAME");
  SetExamples(*generate,
              "cambium data generate --records 3\n"
              "cambium data generate --bytes 10M --out train.jsonl.zst\n"
              "cambium data generate --kind arithmetic --split heldout --records 1k \\\n"
              "    --out sums.jsonl");
  generate->callback(
      [&context, options] { context.run = [&context, options] { Generate(context, *options); }; });
}

}  // namespace cambium
