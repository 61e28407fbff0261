// SPDX-License-Identifier: Apache-2.0
#include "ledger/schema.h"

#include <fmt/format.h>

#include <iterator>

#include "base/error.h"

namespace cambium {
namespace {

// "cmbm" in ASCII: PRAGMA application_id, by which a ledger is told from other SQLite files.
constexpr int64_t kApplicationId = 0x636d626d;

// Entry i brings a file from version i to i + 1. Entries are never changed, only added.
constexpr const char* kMigrations[] = {
    R"sql(
CREATE TABLE runs (
  id               TEXT PRIMARY KEY,
  kind             TEXT NOT NULL,
  created          TEXT NOT NULL,     -- UTC, 2026-01-31T12:00:00Z
  configuration    TEXT NOT NULL,     -- JSON
  data_hash        TEXT NOT NULL,     -- SHA-256, hex; empty where there is none
  tokenizer_hash   TEXT NOT NULL,
  numerics_version INTEGER NOT NULL,
  compute_type     TEXT NOT NULL,
  binary_version   TEXT NOT NULL,
  simd_target      TEXT NOT NULL,
  cpu_model        TEXT NOT NULL,
  threads          INTEGER NOT NULL,
  host             TEXT NOT NULL,
  pid              INTEGER NOT NULL,
  out_dir          TEXT NOT NULL,
  status           TEXT NOT NULL CHECK (status IN ('running', 'done', 'interrupted', 'failed')),
  message          TEXT NOT NULL,     -- why it failed
  tokens           INTEGER NOT NULL,
  flops            INTEGER NOT NULL,  -- counted, not estimated
  wall_seconds     REAL NOT NULL,
  cpu_seconds      REAL NOT NULL,
  fingerprint      TEXT NOT NULL      -- of the final weights
) WITHOUT ROWID;
CREATE TABLE fingerprints (
  run_id    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  step      INTEGER NOT NULL,
  sha256    TEXT NOT NULL,
  loss_bits INTEGER NOT NULL,         -- the binary32 of the training loss
  PRIMARY KEY (run_id, step)
) WITHOUT ROWID;
CREATE TABLE metrics (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  step   INTEGER NOT NULL,
  name   TEXT NOT NULL,
  value  REAL,                        -- NULL is NaN
  PRIMARY KEY (run_id, step, name)
) WITHOUT ROWID;
)sql",
};

}  // namespace

const int kLedgerSchemaVersion = static_cast<int>(std::size(kMigrations));

void PrepareSchema(SqliteDatabase& database) {
  const int64_t application_id = database.QueryInt("PRAGMA application_id");
  const bool empty = database.QueryInt("SELECT count(*) FROM sqlite_master") == 0;
  if (application_id != kApplicationId && !(application_id == 0 && empty)) {
    Fail(ErrorCode::kInvalidArgument,
         "{}: is an SQLite file of another program, not a cambium run ledger; choose another with "
         "--ledger FILE",
         database.path().string());
  }
  const int64_t version = database.QueryInt("PRAGMA user_version");
  if (version > kLedgerSchemaVersion) {
    Fail(ErrorCode::kUnsupported,
         "{}: run ledger of version {}, this cambium reads up to version {}; use a newer cambium",
         database.path().string(), version, kLedgerSchemaVersion);
  }
  // Readers and a writer do not wait for each other. Where the file system cannot do it (network
  // folders), SQLite keeps the old mode, which is slower but right.
  SqliteStatement(database, "PRAGMA journal_mode = WAL").Run();
  // In WAL mode NORMAL survives the death of a process; a power cut may lose the last records.
  database.Execute("PRAGMA synchronous = NORMAL");
  database.Execute("PRAGMA foreign_keys = ON");
  if (version == kLedgerSchemaVersion) return;

  SqliteTransaction transaction(database);
  // Another process may have migrated while we waited for the lock.
  const int64_t locked_version = database.QueryInt("PRAGMA user_version");
  for (int64_t i = locked_version; i < kLedgerSchemaVersion; ++i) database.Execute(kMigrations[i]);
  database.Execute(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str());
  database.Execute(fmt::format("PRAGMA user_version = {}", kLedgerSchemaVersion).c_str());
  transaction.Commit();
}

}  // namespace cambium
