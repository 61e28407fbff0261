// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "ledger/environment.h"
#include "ledger/run_id.h"
#include "ledger/schema.h"
#include "ledger/sqlite_database.h"

namespace cambium {
namespace {

// Writes of the ledger take well under a millisecond; this is for a disk that is busy.
constexpr int kBusyTimeoutMs = 10'000;

#define RUN_COLUMNS                                                                                \
  "id, kind, created, configuration, data_hash, tokenizer_hash, numerics_version, compute_type,"   \
  " binary_version, simd_target, cpu_model, threads, host, pid, out_dir, status, message, tokens," \
  " flops, wall_seconds, cpu_seconds, fingerprint"

// The table's CHECK allows no other names.
RunStatus ParseStatus(std::string_view name) {
  for (const RunStatus status : {RunStatus::kRunning, RunStatus::kDone, RunStatus::kInterrupted}) {
    if (name == RunStatusName(status)) return status;
  }
  return RunStatus::kFailed;
}

// The row under RUN_COLUMNS.
RunRecord ReadRun(const SqliteStatement& row) {
  RunRecord run;
  int column = 0;
  run.id = row.Text(column++);
  run.start.kind = row.Text(column++);
  run.created = row.Text(column++);
  run.start.configuration = row.Text(column++);
  run.start.data_hash = row.Text(column++);
  run.start.tokenizer_hash = row.Text(column++);
  run.start.numerics_version = static_cast<int>(row.Int(column++));
  run.start.compute_type = row.Text(column++);
  run.binary_version = row.Text(column++);
  run.start.simd_target = row.Text(column++);
  run.cpu_model = row.Text(column++);
  run.start.threads = static_cast<int>(row.Int(column++));
  run.host = row.Text(column++);
  run.pid = row.Int(column++);
  run.start.out_dir = row.Text(column++);
  run.end.status = ParseStatus(row.Text(column++));
  run.end.message = row.Text(column++);
  run.end.tokens = row.Int(column++);
  run.end.flops = row.Int(column++);
  run.end.wall_seconds = row.Real(column++);
  run.end.cpu_seconds = row.Real(column++);
  run.end.fingerprint = row.Text(column++);
  return run;
}

std::vector<RunRecord> ReadRuns(SqliteStatement& statement) {
  std::vector<RunRecord> runs;
  while (statement.Next()) runs.push_back(ReadRun(statement));
  return runs;
}

// What tells apart ids that two machines make in the same millisecond.
uint32_t IdSalt(int64_t now_ms) {
  const Sha256Digest digest = Sha256Of(fmt::format("{} {} {}", HostName(), getpid(), now_ms));
  return static_cast<uint32_t>(digest[0]) << 8 | digest[1];
}

// The default file's folder is made; one that a user named, perhaps wrongly, is not.
std::filesystem::path WithFolder(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return path;
  if (path != DefaultLedgerPath()) {
    Fail(ErrorCode::kNotFound, "{}: there is no folder {} for the run ledger", path.string(),
         folder.string());
  }
  MakeDirectories(folder);
  return path;
}

// Prepares the tables between opening the file and preparing the statements.
struct PreparedDatabase : SqliteDatabase {
  explicit PreparedDatabase(const std::filesystem::path& file)
      : SqliteDatabase(WithFolder(file), kBusyTimeoutMs) {
    PrepareSchema(*this);
  }
};

}  // namespace

const char* RunStatusName(RunStatus status) {
  switch (status) {
    case RunStatus::kRunning:
      return "running";
    case RunStatus::kDone:
      return "done";
    case RunStatus::kInterrupted:
      return "interrupted";
    case RunStatus::kFailed:
      return "failed";
  }
  return "unknown";
}

struct Ledger::State {
  explicit State(const std::filesystem::path& path) : database(path) {}

  PreparedDatabase database;
  SqliteStatement last_id{database, "SELECT max(id) FROM runs"};
  SqliteStatement insert_run{database,
                             "INSERT INTO runs (" RUN_COLUMNS
                             ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', '',"
                             " 0, 0, 0.0, 0.0, '')"};
  SqliteStatement resume_run{database,
                             "UPDATE runs SET status = 'running', message = '', host = ?, pid = ?"
                             " WHERE id = ? RETURNING id"};
  SqliteStatement finish_run{database,
                             "UPDATE runs SET status = ?, message = ?, tokens = ?, flops = ?,"
                             " wall_seconds = ?, cpu_seconds = ?, fingerprint = ?"
                             " WHERE id = ? RETURNING id"};
  SqliteStatement find_fingerprint{
      database, "SELECT sha256, loss_bits FROM fingerprints WHERE run_id = ? AND step = ?"};
  SqliteStatement insert_fingerprint{
      database, "INSERT INTO fingerprints (run_id, step, sha256, loss_bits) VALUES (?, ?, ?, ?)"};
  SqliteStatement insert_metric{
      database, "INSERT OR REPLACE INTO metrics (run_id, step, name, value) VALUES (?, ?, ?, ?)"};
  SqliteStatement list{database, "SELECT " RUN_COLUMNS " FROM runs ORDER BY id DESC LIMIT ?"};
  SqliteStatement find_prefix{
      database, "SELECT " RUN_COLUMNS " FROM runs WHERE substr(id, 1, ?) = ? ORDER BY id DESC"};
  SqliteStatement fingerprints{
      database, "SELECT step, sha256, loss_bits FROM fingerprints WHERE run_id = ? ORDER BY step"};
  SqliteStatement metrics{
      database, "SELECT step, name, value FROM metrics WHERE run_id = ? ORDER BY step, name"};

  // For an UPDATE ... RETURNING: exactly one row must have been changed.
  void RunOnOne(SqliteStatement& statement, std::string_view id) {
    if (!statement.Next()) {
      Fail(ErrorCode::kNotFound, "{}: there is no run {}", database.path().string(), id);
    }
    statement.Run();
  }
};

Ledger::Ledger(const std::filesystem::path& path) : state_(std::make_unique<State>(path)) {}
Ledger::~Ledger() = default;
Ledger::Ledger(Ledger&&) noexcept = default;

std::string Ledger::BeginRun(const RunStart& start) {
  State& s = *state_;
  SqliteTransaction transaction(s.database, SqliteTransaction::Kind::kWrite);
  int64_t now_ms = UnixTimeMs();
  std::string last;
  while (s.last_id.Next()) last = s.last_id.Text(0);
  // Also when the clock was set back, or two runs begin within a millisecond.
  if (!last.empty()) now_ms = std::max(now_ms, RunIdTimeMs(last) + 1);
  std::string id = MakeRunId(now_ms, IdSalt(now_ms));
  s.insert_run.Bind(id)
      .Bind(start.kind)
      .Bind(UtcTime(now_ms))
      .Bind(start.configuration)
      .Bind(start.data_hash)
      .Bind(start.tokenizer_hash)
      .Bind(int64_t{start.numerics_version})
      .Bind(start.compute_type)
      .Bind(BinaryVersion())
      .Bind(start.simd_target)
      .Bind(CpuModel())
      .Bind(int64_t{start.threads})
      .Bind(HostName())
      .Bind(int64_t{getpid()})
      .Bind(start.out_dir)
      .Run();
  transaction.Commit();
  return id;
}

void Ledger::ResumeRun(std::string_view id) {
  State& s = *state_;
  s.resume_run.Bind(HostName()).Bind(int64_t{getpid()}).Bind(id);
  s.RunOnOne(s.resume_run, id);
}

void Ledger::FinishRun(std::string_view id, const RunEnd& end) {
  State& s = *state_;
  s.finish_run.Bind(std::string_view(RunStatusName(end.status)))
      .Bind(end.message)
      .Bind(end.tokens)
      .Bind(end.flops)
      .Bind(end.wall_seconds)
      .Bind(end.cpu_seconds)
      .Bind(end.fingerprint)
      .Bind(id);
  s.RunOnOne(s.finish_run, id);
}

void Ledger::RecordFingerprint(std::string_view id, const StepFingerprint& fingerprint) {
  State& s = *state_;
  const int64_t loss_bits = std::bit_cast<uint32_t>(fingerprint.loss);
  SqliteTransaction transaction(s.database, SqliteTransaction::Kind::kWrite);
  s.find_fingerprint.Bind(id).Bind(fingerprint.step);
  if (s.find_fingerprint.Next()) {
    const std::string sha256 = s.find_fingerprint.Text(0);
    const int64_t old_loss_bits = s.find_fingerprint.Int(1);
    s.find_fingerprint.Reset();
    if (sha256 == fingerprint.sha256 && old_loss_bits == loss_bits) return;
    Fail(ErrorCode::kInternal,
         "run {}: step {} was computed again with other bits: weights {} before, {} now, loss bits "
         "{:08x} before, {:08x} now; was the binary, the data or the configuration changed?",
         id, fingerprint.step, sha256, fingerprint.sha256, old_loss_bits, loss_bits);
  }
  s.insert_fingerprint.Bind(id)
      .Bind(fingerprint.step)
      .Bind(fingerprint.sha256)
      .Bind(loss_bits)
      .Run();
  transaction.Commit();
}

void Ledger::RecordMetric(std::string_view id, const StepMetric& metric) {
  state_->insert_metric.Bind(id).Bind(metric.step).Bind(metric.name).Bind(metric.value).Run();
}

std::vector<RunRecord> Ledger::List(int64_t limit) {
  // A negative LIMIT is none (SQLite, SELECT).
  state_->list.Bind(limit > 0 ? limit : -1);
  return ReadRuns(state_->list);
}

RunDetails Ledger::Show(std::string_view id) {
  State& s = *state_;
  std::vector<RunRecord> found;
  if (id == "latest") {
    found = List(1);
    if (found.empty()) {
      Fail(ErrorCode::kNotFound, "{}: holds no runs yet", s.database.path().string());
    }
  } else if (!id.empty()) {
    s.find_prefix.Bind(static_cast<int64_t>(id.size())).Bind(id);
    found = ReadRuns(s.find_prefix);
  }
  if (found.empty()) {
    Fail(ErrorCode::kNotFound, "{}: no run begins with '{}'; `runs list` shows what there is",
         s.database.path().string(), id);
  }
  if (found.size() > 1) {
    constexpr size_t kMaxNamed = 5;
    std::string names;
    for (size_t i = 0; i < std::min(found.size(), kMaxNamed); ++i) {
      names += (i == 0 ? "" : ", ") + found[i].id;
    }
    if (found.size() > kMaxNamed) names += ", ...";
    Fail(ErrorCode::kInvalidArgument, "{} runs begin with '{}': {}; give more of the id",
         found.size(), id, names);
  }
  RunDetails details{.record = std::move(found[0]), .fingerprints = {}, .metrics = {}};
  s.fingerprints.Bind(details.record.id);
  while (s.fingerprints.Next()) {
    details.fingerprints.push_back(
        {.step = s.fingerprints.Int(0),
         .sha256 = s.fingerprints.Text(1),
         .loss = std::bit_cast<float>(static_cast<uint32_t>(s.fingerprints.Int(2)))});
  }
  s.metrics.Bind(details.record.id);
  while (s.metrics.Next()) {
    details.metrics.push_back(
        {.step = s.metrics.Int(0), .name = s.metrics.Text(1), .value = s.metrics.Real(2)});
  }
  return details;
}

bool RunWasKilled(const RunRecord& record) {
  if (record.end.status != RunStatus::kRunning || record.host != HostName()) return false;
  return kill(static_cast<pid_t>(record.pid), 0) != 0 && errno == ESRCH;
}

}  // namespace cambium
