// SPDX-License-Identifier: Apache-2.0
// The small files of a run's folder and its row in the ledger. A ledger that cannot be written is
// reported once and then left alone: the model is worth more than its record.
#pragma once

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

#include "base/json.h"
#include "ledger/ledger.h"

namespace cambium {

// metrics.jsonl: whole lines appended and flushed; lines of steps from first_step on, and a torn
// last line, are dropped on opening (a resumed run writes them again).
class MetricsFile {
 public:
  MetricsFile(const std::filesystem::path& path, uint64_t first_step);
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;
  void Append(const Json& line);

 private:
  std::filesystem::path path_;
  std::FILE* file_ = nullptr;
};

class RunRecorder {
 public:
  // path empty: nothing is recorded. run_id: of the run that goes on; empty: a new one. A record
  // that is lost is a warning on standard error even to who asked for quiet.
  RunRecorder(const std::filesystem::path& ledger_path, const RunStart& start,
              const std::string& run_id);
  const std::string& run_id() const { return run_id_; }
  // Throws kInternal when the step is on record with other bits; other errors are only reported.
  void Fingerprint(const StepFingerprint& fingerprint);
  void Metric(const StepMetric& metric);
  void Finish(const RunEnd& end);

 private:
  template <typename Fn>
  void Try(const Fn& fn);
  std::optional<Ledger> ledger_;
  std::string run_id_;
};

}  // namespace cambium
