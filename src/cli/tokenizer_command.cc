// SPDX-License-Identifier: Apache-2.0
// cambium tokenizer train|encode|decode.
#include <charconv>
#include <cstdio>
#include <iterator>
#include <memory>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/tokenizer_choice.h"
#include "formats/hf_tokenizer.h"
#include "text/bpe_trainer.h"
#include "text/document_reader.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

// ---- train

struct TrainOptions {
  std::filesystem::path data;
  std::filesystem::path out;
  std::string max_bytes;  // as written on the command line; empty: all
  BpeTrainerOptions bpe;
};

void TrainTokenizer(const Context& context, const TrainOptions& options) {
  const Clock::time_point start = Clock::now();
  const uint64_t max_bytes =
      options.max_bytes.empty() ? UINT64_MAX : ParseSizeBytes(options.max_bytes);
  DocumentReader reader(options.data);
  ThreadPool pool(context.NumThreads());
  auto progress = std::make_unique<Progress>("reading", reader.total_bytes(), "B", context.quiet);
  BpeTrainerOptions bpe = options.bpe;
  bool reading = true;
  bpe.on_progress = [&](int32_t made, int32_t wanted) {
    if (reading) {
      progress.reset();  // ends its line before the other begins
      progress = std::make_unique<Progress>("merging", static_cast<uint64_t>(wanted), "merges",
                                            context.quiet);
      reading = false;
    }
    progress->Update(static_cast<uint64_t>(made));
    if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped; nothing was saved");
  };
  Document document;
  const TextSource next = [&](std::string* text) {
    if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped; nothing was saved");
    if (reader.stats().text_bytes >= max_bytes || !reader.Next(document)) return false;
    progress->Update(reader.done_bytes());
    *text = std::move(document.text);
    return true;
  };
  const Tokenizer tokenizer(TrainBpe(bpe, next, pool));
  WriteFileAtomically(options.out, ToHfTokenizer(tokenizer.data()));
  progress.reset();
  const double seconds = SecondsSince(start);
  if (context.json) {
    PrintJson({{"out", options.out.string()},
               {"vocab_size", tokenizer.vocab_size()},
               {"merges", tokenizer.data().merges.size()},
               {"hash", ToHex(tokenizer.Hash())},
               {"documents", reader.stats().num_documents},
               {"bytes", reader.stats().text_bytes},
               {"seconds", seconds}});
    return;
  }
  context.Note(reader.stats().Summary());
  Print(fmt::format("{}: {} tokens, hash {}\n", options.out.string(), tokenizer.vocab_size(),
                    ToHex(tokenizer.Hash())));
}

void AddTrain(CLI::App& parent, Context& context) {
  CLI::App* command = parent.add_subcommand(
      "train", "Learn a byte-level BPE tokenizer from text, and write it as tokenizer.json");
  const auto options = std::make_shared<TrainOptions>();
  command
      ->add_option("--data", options->data,
                   "A file or a folder of text, or JSONL with a field `text`; also .gz and .zst")
      ->required()
      ->type_name("PATH");
  command->add_option("--out", options->out, "The tokenizer.json to write")
      ->required()
      ->type_name("FILE");
  command->add_option("--vocab-size", options->bpe.vocab_size, "Tokens in all, special ones too")
      ->capture_default_str()
      ->check(WholeNumber(257, 1 << 24))
      ->type_name("N");
  command->add_option("--pre-tokenizer", options->bpe.pre_tokenizer, "How text is cut into words")
      ->capture_default_str()
      ->check(OneOf(PreTokenizer::Names()))
      ->type_name("NAME");
  command
      ->add_option("--special", options->bpe.special_tokens,
                   "Special tokens, which user text cannot forge; may be repeated")
      ->capture_default_str()
      ->type_name("NAME");
  command->add_option("--min-count", options->bpe.min_count, "Join only pairs seen this often")
      ->capture_default_str()
      ->check(WholeNumber(1, INT64_MAX))
      ->type_name("N");
  command
      ->add_option("--max-bytes", options->max_bytes, "Read only the first of the text, e.g. 64MiB")
      ->check(SizeFrom(1))
      ->type_name("SIZE");
  SetExamples(*command,
              "cambium tokenizer train --data corpus.jsonl.zst --out tokenizer.json\n"
              "cambium tokenizer train --data src/ --vocab-size 16384 --out code.json");
  command->callback([&context, options] {
    context.run = [&context, options] { TrainTokenizer(context, *options); };
  });
}

// ---- encode and decode

struct CodeOptions {
  std::string tokenizer;
  std::string text;
  std::filesystem::path file;
  std::vector<int32_t> ids;
  bool parse_special = false;
  bool count = false;
};

std::string ReadStandardInput() {
  std::string text;
  char buffer[1 << 16];
  for (size_t n; (n = std::fread(buffer, 1, sizeof(buffer), stdin)) > 0;) text.append(buffer, n);
  if (std::ferror(stdin) != 0) Fail(ErrorCode::kIo, "standard input: cannot read");
  return text;
}

// Bytes for JSON, which can hold only well-formed text: the print replaces what is not.
Json TokenTexts(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  Json texts = Json::array();
  for (const int32_t id : ids) texts.push_back(tokenizer.TokenBytes(id));
  return texts;
}

void Encode(const Context& context, const CodeOptions& options, bool has_text) {
  if (has_text && !options.file.empty()) {
    Fail(ErrorCode::kInvalidArgument, "say either TEXT or --file FILE, not both");
  }
  const std::string text = has_text               ? options.text
                           : options.file.empty() ? ReadStandardInput()
                                                  : ReadFile(options.file);
  const std::shared_ptr<const Tokenizer> tokenizer = LoadTokenizer(options.tokenizer);
  std::vector<int32_t> ids;
  if (options.parse_special) {
    ids = tokenizer->Encode(text, {.parse_special = true});
  } else {
    ThreadPool pool(context.NumThreads());
    ids = tokenizer->EncodeParallel(text, pool);
  }
  if (context.json) {
    Json json = {{"num_tokens", ids.size()}, {"num_bytes", text.size()}};
    if (!options.count) {
      json["ids"] = ids;
      json["tokens"] = TokenTexts(*tokenizer, ids);
    }
    PrintJson(json);
    return;
  }
  if (options.count) {
    Print(fmt::format("{}\n", ids.size()));
    return;
  }
  std::string line;
  for (size_t i = 0; i < ids.size(); ++i) line += fmt::format("{}{}", i == 0 ? "" : " ", ids[i]);
  Print(line + "\n");
}

// Numbers between white space. source: for messages.
std::vector<int32_t> ParseIds(const std::string& text, const std::string& source) {
  std::vector<int32_t> ids;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) {
    int32_t id = 0;
    const char* end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, id);
    if (error != std::errc() || stop != end || id < 0) {
      Fail(ErrorCode::kCorruptData, "{}: '{}' is no token id", source, word);
    }
    ids.push_back(id);
  }
  return ids;
}

// Ids of the command line are arguments; those of a file or a pipe are data.
std::string DecodeIds(const Tokenizer& tokenizer, const std::vector<int32_t>& ids,
                      const std::string& source) {
  try {
    return tokenizer.Decode(ids);
  } catch (const Error& error) {
    if (source.empty()) throw;
    Fail(ErrorCode::kCorruptData, "{}: {}", source, error.what());
  }
}

void Decode(const Context& context, const CodeOptions& options) {
  std::string source;  // empty: the command line
  std::vector<int32_t> ids = options.ids;
  if (ids.empty()) {
    source = options.file.empty() ? "standard input" : options.file.string();
    ids = ParseIds(options.file.empty() ? ReadStandardInput() : ReadFile(options.file), source);
  }
  const std::shared_ptr<const Tokenizer> tokenizer = LoadTokenizer(options.tokenizer);
  const std::string text = DecodeIds(*tokenizer, ids, source);
  if (context.json) {
    PrintJson({{"text", text}, {"num_tokens", ids.size()}, {"num_bytes", text.size()}});
  } else {
    Print(text);  // exactly the bytes, without a newline of ours
  }
}

void AddTokenizerOption(CLI::App& command, CodeOptions& options) {
  command
      .add_option("--tokenizer,--model", options.tokenizer,
                  "A tokenizer.json, a GGUF model, the folder of a run or a model, or `byte` for "
                  "plain bytes")
      ->required()
      ->type_name("FILE");
}

void AddEncode(CLI::App& parent, Context& context) {
  CLI::App* command = parent.add_subcommand("encode", "Turn text into token ids");
  const auto options = std::make_shared<CodeOptions>();
  AddTokenizerOption(*command, *options);
  CLI::Option* text =
      command->add_option("TEXT", options->text, "The text; without it --file or standard input");
  command->add_option("--file", options->file, "Take the text from a file")->type_name("FILE");
  command->add_flag("--parse-special", options->parse_special,
                    "Let special tokens be found by their names");
  command->add_flag("--count", options->count, "Print only how many tokens there are");
  SetExamples(*command,
              "cambium tokenizer encode --tokenizer tokenizer.json 'Once upon a time'\n"
              "cambium tokenizer encode --tokenizer model.gguf --file book.txt --count");
  command->callback([&context, options, text] {
    context.run = [&context, options, text] { Encode(context, *options, text->count() > 0); };
  });
}

void AddDecode(CLI::App& parent, Context& context) {
  CLI::App* command = parent.add_subcommand("decode", "Turn token ids into the bytes of the text");
  const auto options = std::make_shared<CodeOptions>();
  AddTokenizerOption(*command, *options);
  command->add_option("ID", options->ids, "Token ids; without them --file or standard input")
      ->check(WholeNumber(0, INT32_MAX));
  command->add_option("--file", options->file, "Take the ids from a file")->type_name("FILE");
  SetExamples(*command,
              "cambium tokenizer decode --tokenizer byte 79 110 99 101\n"
              "cambium tokenizer encode --tokenizer byte 'any text' |\n"
              "    cambium tokenizer decode --tokenizer byte");
  command->callback(
      [&context, options] { context.run = [&context, options] { Decode(context, *options); }; });
}

}  // namespace

void AddTokenizerCommand(CLI::App& app, Context& context) {
  CLI::App* tokenizer = app.add_subcommand("tokenizer", "Train and use tokenizers");
  tokenizer->require_subcommand(1);
  AddTrain(*tokenizer, context);
  AddEncode(*tokenizer, context);
  AddDecode(*tokenizer, context);
  SetExamples(*tokenizer,
              "cambium tokenizer train --data corpus.jsonl.zst --out tokenizer.json\n"
              "cambium tokenizer encode --tokenizer tokenizer.json 'Once upon a time'\n"
              "cambium tokenizer decode --tokenizer byte 79 110 99 101");
}

}  // namespace cambium
