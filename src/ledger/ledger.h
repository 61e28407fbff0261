// SPDX-License-Identifier: Apache-2.0
// The run ledger: what was run, with what, on what, and what came out; enough to repeat a training
// run and to compare it bit for bit. One SQLite file for all runs of a user; several processes may
// write to it at once.
//
// Every function throws Error (codes: ledger/sqlite_database.h). A long job that cannot write its
// record reports the error and goes on: the model it trains is worth more than its record.
// Thread safety: none; each thread opens its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {

enum class RunStatus { kRunning, kDone, kInterrupted, kFailed };
// "running", "done", "interrupted", "failed".
const char* RunStatusName(RunStatus status);

// What is known when a run starts.
struct RunStart {
  std::string kind;           // "train", "verify", ...
  std::string configuration;  // JSON text: all that is needed to repeat the run
  std::string data_hash;      // SHA-256 in hex; empty where there is none
  std::string tokenizer_hash;
  int numerics_version = 0;
  std::string compute_type;  // "f32", "bf16"
  std::string simd_target;
  int threads = 0;
  std::string out_dir;
};

// What is known when it ends. For a resumed run these are totals over all its parts.
struct RunEnd {
  RunStatus status = RunStatus::kDone;
  std::string message;  // why it failed
  int64_t tokens = 0;
  int64_t flops = 0;
  double wall_seconds = 0;
  double cpu_seconds = 0;
  std::string fingerprint;  // SHA-256 of the final weights in hex; empty unless done
};

struct RunRecord {
  std::string id;
  std::string created;  // UTC, ISO 8601
  std::string binary_version;
  std::string cpu_model;
  std::string host;
  int64_t pid = 0;
  RunStart start;
  RunEnd end;  // status kRunning until the run ends
};

struct StepFingerprint {
  int64_t step = 0;
  std::string sha256;  // hex
  float loss = 0;      // stored by its bits
};

struct StepMetric {
  int64_t step = 0;
  std::string name;
  double value = 0;  // NaN comes back as a NaN, not as the same one
};

struct RunDetails {
  RunRecord record;
  std::vector<StepFingerprint> fingerprints;  // ascending steps
  std::vector<StepMetric> metrics;            // ascending steps, then names
};

class Ledger {
 public:
  // Opens the file, making it where needed; its folder only for DefaultLedgerPath(). Throws
  // kNotFound without the folder.
  explicit Ledger(const std::filesystem::path& path);
  ~Ledger();
  Ledger(Ledger&&) noexcept;

  // Returns the id of the new run. Ids of one ledger sort in the order in which runs began.
  std::string BeginRun(const RunStart& start);
  // A run goes on from a checkpoint: its status is running again. Throws kNotFound.
  void ResumeRun(std::string_view id);
  void FinishRun(std::string_view id, const RunEnd& end);

  // Recording a step again is fine, since a resumed run repeats the steps after its checkpoint; but
  // with other bits it throws kInternal: the two computations of this step differ.
  void RecordFingerprint(std::string_view id, const StepFingerprint& fingerprint);
  void RecordMetric(std::string_view id, const StepMetric& metric);

  // Newest first; limit 0: all.
  std::vector<RunRecord> List(int64_t limit = 0);
  // id: a full id, the beginning of one, or "latest". Throws kNotFound, and kInvalidArgument with
  // the candidates when several runs begin with it.
  RunDetails Show(std::string_view id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// True when the record says running but its process is gone from this machine: it was killed. False
// when that cannot be known (another machine; a new process with the same number).
bool RunWasKilled(const RunRecord& record);

}  // namespace cambium
