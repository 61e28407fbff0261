// SPDX-License-Identifier: Apache-2.0
#include "cli/train_options.h"

#include "base/file.h"
#include "base/progress.h"
#include "cli/output.h"
#include "formats/gguf_tokenizer.h"
#include "formats/hf_tokenizer.h"

namespace cambium {

TokenizerData WithDocumentTokens(TokenizerData data) {
  if (data.bos_id < 0 && data.eos_id >= 0) {
    data.bos_id = data.eos_id;
    data.add_bos = true;
  }
  return data;
}

std::shared_ptr<const Tokenizer> LoadTokenizer(const std::filesystem::path& name) {
  TokenizerData data;
  if (name == "byte") {
    const std::string specials[] = {"<|endoftext|>"};
    data = MakeByteTokenizer(specials);
  } else if (name.extension() == ".gguf") {
    data = ReadGgufTokenizer(GgufFile(name));
  } else {
    data = ParseHfTokenizer(ReadFile(name), name.string());
  }
  return std::make_shared<const Tokenizer>(WithDocumentTokens(std::move(data)));
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

// As a shell reads it back.
std::string Quote(const std::string& path) {
  if (path.find_first_of(" \t'\"$&;|<>()*?[]~`\\") == std::string::npos) return path;
  std::string quoted = "'";
  for (const char c : path) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

void ReportTraining(const TrainRunResult& result, const std::string& out, const std::string& data,
                    const Context& context) {
  const std::string model = (std::filesystem::path(out) / "model.gguf").string();
  if (context.json) {
    Json json = {{"run_id", result.run_id},
                 {"finished", result.finished},
                 {"steps", result.steps_done},
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
    if (result.finished) json["model"] = model;
    PrintJson(json);
    return;
  }
  if (!result.finished) {
    Print(
        fmt::format("stopped after step {}; everything is saved. To go on:\n"
                    "  cambium train --data {} --out {} --resume\n",
                    result.steps_done, Quote(data), Quote(out)));
    return;
  }
  Print(fmt::format("trained     {} tokens in {}, {} tokens/s\n",
                    FormatCount(static_cast<double>(result.tokens)),
                    FormatDuration(result.wall_seconds), FormatCount(result.tokens_per_s)));
  if (result.validation) {
    Print(fmt::format("held out    {:.4f} bits per byte ({:.4f} nats per token)\n",
                      result.validation->bits_per_byte, result.validation->nats_per_token));
  }
  Print(fmt::format("fingerprint {}\nmodel       {}\n", result.fingerprint, model));
  Print(
      fmt::format("\nNext:\n  cambium generate --model {} --prompt \"Once upon a time\"\n"
                  "  cambium info {}\n",
                  Quote(model), Quote(model)));
}

}  // namespace cambium
