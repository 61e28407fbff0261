// SPDX-License-Identifier: Apache-2.0
#include "cli/train_options.h"

#include <algorithm>

#include "base/error.h"
#include "base/progress.h"
#include "cli/output.h"
#include "cli/shell_quote.h"
#include "ledger/ledger.h"

namespace cambium {

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

// Whether the ledger says how the run ended: what was lost on the way (a full disk, say) shows
// here.
bool IsRecorded(const TrainRunResult& result, const Context& context) {
  const std::filesystem::path path = context.LedgerPath();
  if (result.run_id.empty() || !std::filesystem::exists(path)) return false;
  try {
    return Ledger(path).Show(result.run_id).record.end.status != RunStatus::kRunning;
  } catch (const Error&) {
    return false;  // the reason was a warning when it happened
  }
}

Json ResultJson(const TrainRunResult& result, const std::string& out, const Context& context) {
  Json json = {{"run_id", result.run_id},
               {"recorded", IsRecorded(result, context)},
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
    json["validation_rows"] = result.validation->num_rows;
    json["validation_rows_total"] = result.validation->total_rows;
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
    Json json = ResultJson(result, out, context);
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
    Json json = ResultJson(result, out, context);
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
