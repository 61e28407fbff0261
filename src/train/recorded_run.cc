// SPDX-License-Identifier: Apache-2.0
#include "train/recorded_run.h"

#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/stopwatch.h"
#include "formats/checkpoint_folder.h"

namespace cambium {
namespace {

// Loss, validation and speed, which the record does not have, from the lines of the steps.
void ReadMetrics(const std::filesystem::path& path, const TrainConfig& config,
                 TrainRunResult& result) {
  if (!std::filesystem::exists(path)) return;
  std::vector<double> seconds;
  std::istringstream lines(ReadFile(path));
  for (std::string text; std::getline(lines, text);) {
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) continue;
    if (line.contains("loss")) {
      result.train_loss = line.at("loss");
      seconds.push_back(line.at("seconds"));
    }
    if (line.contains("validation_bits_per_byte")) {
      result.validation = {.nats_per_token = line.at("validation_nats_per_token"),
                           .bits_per_byte = line.at("validation_bits_per_byte"),
                           .num_rows = line.value("validation_rows", uint64_t{0}),
                           .total_rows = line.value("validation_rows_total", uint64_t{0})};
    }
  }
  if (seconds.empty()) return;
  result.tokens_per_s = static_cast<double>(config.TokensPerStep()) / Median(std::move(seconds));
}

}  // namespace

bool HoldsRun(const std::filesystem::path& out) {
  return std::filesystem::exists(CheckpointPath(out)) ||
         std::filesystem::exists(PreviousCheckpointPath(out));
}

std::optional<RecordedRun> ReadRecordedRun(const std::filesystem::path& out) {
  const std::optional<LastGoodCheckpoint> last = OpenLastGoodCheckpoint(out);
  if (!last) return std::nullopt;
  try {
    const Json& state = last->reader.state();
    RecordedRun run;
    run.config.train =
        TrainConfig::FromJson(Json::parse(state.at("configuration").get<std::string>()));
    if (state.contains("documents")) {
      run.config.documents = DocumentRulesFromJson(state.at("documents"));
    }
    run.config.tokenizer = TokenizerIdentity{.spec = state.value("tokenizer_spec", ""),
                                             .sha256 = state.at("tokenizer_hash")};
    run.step = state.at("step");
    return run;
  } catch (const Json::exception& error) {
    Fail(ErrorCode::kCorruptData, "{}: state: {}", last->reader.path().string(), error.what());
  }
}

std::optional<TrainRunResult> ResultOfFinishedRun(const std::filesystem::path& out,
                                                  const TrainConfig& config, uint64_t step) {
  if (step != config.num_steps || !std::filesystem::exists(out / "model.gguf") ||
      !std::filesystem::exists(out / "run.json")) {
    return std::nullopt;
  }
  try {
    const Json record = Json::parse(ReadFile(out / "run.json"));
    if (record.at("status") != RunStatusName(RunStatus::kDone) || record.at("steps") != step) {
      return std::nullopt;
    }
    TrainRunResult result;
    result.run_id = record.at("run_id");
    result.steps_done = step;
    result.num_steps = config.num_steps;
    result.finished = true;
    result.fingerprint = record.at("fingerprint");
    result.wall_seconds = record.at("wall_seconds");
    result.cpu_seconds = record.at("cpu_seconds");
    result.tokens = record.at("tokens");
    result.flops = record.at("flops");
    ReadMetrics(out / "metrics.jsonl", config, result);
    return result;
  } catch (const Json::exception&) {
    return std::nullopt;  // A record of no use is written again.
  }
}

}  // namespace cambium
