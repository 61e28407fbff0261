// SPDX-License-Identifier: Apache-2.0
// What a run's folder knows of the run: its checkpoint's configuration, and the figures of a run
// that is complete. Reads only. Thread safety: none needed, no state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "train/run.h"

namespace cambium {

struct RecordedRun {
  RunConfig config;   // its tokenizer is always there
  uint64_t step = 0;  // steps done
};

// Whether the folder holds a training run with a checkpoint, good or bad.
bool HoldsRun(const std::filesystem::path& out);

// Of the last good checkpoint; nullopt when there is none at all. Throws kCorruptData.
std::optional<RecordedRun> ReadRecordedRun(const std::filesystem::path& out);

// The result of a run whose steps are all done and whose model and record are written, from
// run.json and metrics.jsonl; nullopt when something is still to be done.
std::optional<TrainRunResult> ResultOfFinishedRun(const std::filesystem::path& out,
                                                  const TrainConfig& config, uint64_t step);

}  // namespace cambium
