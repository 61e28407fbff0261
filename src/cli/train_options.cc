// SPDX-License-Identifier: Apache-2.0
#include "cli/train_options.h"

#include <fstream>

#include "base/file.h"
#include "base/progress.h"
#include "cli/output.h"
#include "cli/shell_quote.h"

namespace cambium {

TokenizerData WithDocumentTokens(TokenizerData data) {
  if (data.bos_id < 0 && data.eos_id >= 0) {
    data.bos_id = data.eos_id;
    data.add_bos = true;
  }
  return data;
}

namespace {

bool IsGguf(const std::filesystem::path& path) {
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "GGUF";
}

// A run's folder has its model's tokenizer in model.gguf, and before it is complete in
// tokenizer.json; a Hugging Face folder in tokenizer.json.
std::filesystem::path TokenizerFileIn(const std::filesystem::path& folder) {
  for (const char* name : {"model.gguf", "tokenizer.json"}) {
    if (std::filesystem::exists(folder / name)) return folder / name;
  }
  Fail(ErrorCode::kNotFound, "{}: has neither model.gguf nor tokenizer.json", folder.string());
}

}  // namespace

std::shared_ptr<const Tokenizer> LoadTokenizer(const std::filesystem::path& name) {
  TokenizerData data;
  if (name == "byte") {
    const std::string specials[] = {"<|endoftext|>"};
    data = MakeByteTokenizer(specials);
  } else {
    const std::filesystem::path file =
        std::filesystem::is_directory(name) ? TokenizerFileIn(name) : name;
    data = IsGguf(file) ? ReadGgufTokenizer(GgufFile(file))
                        : ParseHfTokenizer(ReadFile(file), file.string());
  }
  return std::make_shared<const Tokenizer>(WithDocumentTokens(std::move(data)));
}

std::shared_ptr<const Tokenizer> FindTokenizer(const std::filesystem::path& folder,
                                               const std::string& hash) {
  for (const std::filesystem::path& name :
       {folder / "tokenizer.json", folder / "model.gguf", std::filesystem::path("byte")}) {
    if (name != "byte" && !std::filesystem::exists(name)) continue;
    try {
      std::shared_ptr<const Tokenizer> tokenizer = LoadTokenizer(name);
      if (ToHex(tokenizer->Hash()) == hash) return tokenizer;
    } catch (const Error& error) {
    json["validation_rows"] = result.validation->num_rows;
    json["validation_rows_total"] = result.validation->total_rows;
      if (error.code() == ErrorCode::kIo || error.code() == ErrorCode::kResourceExhausted) throw;
    }
  }
  Fail(ErrorCode::kNotFound,
       "{}: neither tokenizer.json nor model.gguf there is the tokenizer of the run (hash {}), so "
       "the run cannot be repeated or continued",
       folder.string(), hash);
}

std::string PresetNames() {
  std::string names;
  for (const ModelPreset& preset : ModelPresets()) {
    names += names.empty() ? preset.name : std::string(", ") + preset.name;
  }
  return names;
}

GgmlType ExportTypeOf(const std::string& name) {
  if (name == "bf16") return GgmlType::kBF16;
  if (name == "f16") return GgmlType::kF16;
  return GgmlType::kF32;
}

double MeanBytesPerToken(const std::filesystem::path& data, const TokenDatasetOptions& dataset,
                         const Tokenizer& tokenizer) {
  constexpr size_t kSampleBytes = size_t{1} << 20;
  DocumentReader reader(data, dataset.reader);
  Document document;
  size_t bytes = 0, tokens = 0;
  while (bytes < kSampleBytes && reader.Next(document)) {
    bytes += document.text.size();
    tokens += tokenizer.CountTokens(document.text);
  }
  return static_cast<double>(bytes) / static_cast<double>(std::max<size_t>(1, tokens));
}

namespace {

std::string ModelIn(const std::string& out) {
  return (std::filesystem::path(out) / "model.gguf").string();
}

Json ResultJson(const TrainRunResult& result, const std::string& out) {
  Json json = {{"run_id", result.run_id},
               {"finished", result.finished},
               {"interrupted", !result.finished},
               {"already_finished", false},
               {"step", result.steps_done},
               {"steps", result.num_steps},
               {"tokens", result.tokens},
               {"flops", result.flops},
               {"train_loss", result.train_loss},
               {"fingerprint", result.fingerprint},
               {"tokens_per_s", result.tokens_per_s},
               {"wall_seconds", result.wall_seconds},
               {"cpu_seconds", result.cpu_seconds},
               {"out", out}};
  if (result.validation) {
    json["validation_nats_per_token"] = result.validation->nats_per_token;
    json["bits_per_byte"] = result.validation->bits_per_byte;
  }
  if (result.finished) json["model"] = ModelIn(out);
  return json;
}

std::string ResultText(const TrainRunResult& result, const std::string& out,
                       const std::string& program) {
  std::string text = fmt::format(
      "trained     {} tokens in {}, {} tokens/s\n", FormatCount(static_cast<double>(result.tokens)),
      FormatDuration(result.wall_seconds), FormatCount(result.tokens_per_s));
  if (result.validation) {
    text += fmt::format("held out    {:.4f} bits per byte ({:.4f} nats per token)\n",
                        result.validation->bits_per_byte, result.validation->nats_per_token);
  }
  const std::string model = ModelIn(out);
  text += fmt::format("fingerprint {}\nmodel       {}\n", result.fingerprint, model);
  return text + fmt::format(
                    "\nNext:\n  {0} generate --model {1} --prompt \"Once upon a time\"\n"
                    "  {0} info {1}\n",
                    program, ShellQuote(model));
}

}  // namespace

void ReportFinishedBefore(const TrainRunResult& result, const std::string& out,
                          const Context& context) {
  if (context.json) {
    Json json = ResultJson(result, out);
    json["already_finished"] = true;
    PrintJson(json);
    return;
  }
  Print(fmt::format("already finished: all {} steps were done before; nothing was changed\n",
                    result.steps_done));
  Print(ResultText(result, out, context.program));
}

void ReportTraining(const TrainRunResult& result, const std::string& out,
                    const std::string& command_to_go_on, const Context& context) {
  if (context.json) {
    Json json = ResultJson(result, out);
    if (!result.finished) json["command_to_go_on"] = command_to_go_on;
    PrintJson(json);
  } else if (result.finished) {
    Print(ResultText(result, out, context.program));
  } else {
    Print(fmt::format("stopped after step {}; everything is saved. To go on:\n  {}\n",
                      result.steps_done, command_to_go_on));
  }
}

}  // namespace cambium
