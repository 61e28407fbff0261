// SPDX-License-Identifier: Apache-2.0
#include "ledger/schema.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <thread>

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

// What a file says it is, read in one transaction so that a half-made ledger is never seen.
struct Identity {
  bool is_ours = false;
  bool is_empty = false;
  int64_t version = 0;
};

Identity ReadIdentity(SqliteDatabase& database) {
  return {.is_ours = database.QueryInt("PRAGMA application_id") == kApplicationId,
          .is_empty = database.QueryInt("SELECT count(*) FROM sqlite_master") == 0,
          .version = database.QueryInt("PRAGMA user_version")};
}

void CheckIdentity(const SqliteDatabase& database, const Identity& identity) {
  if (!identity.is_ours && !identity.is_empty) {
    Fail(ErrorCode::kCorruptData,
         "{}: is an SQLite file of another program, not a cambium run ledger; choose another with "
         "--ledger FILE",
         database.path().string());
  }
  if (identity.version > kLedgerSchemaVersion) {
    Fail(ErrorCode::kUnsupported,
         "{}: run ledger of version {}, this cambium reads up to version {}; use a newer cambium",
         database.path().string(), identity.version, kLedgerSchemaVersion);
  }
}

void Migrate(SqliteDatabase& database) {
  SqliteTransaction transaction(database, SqliteTransaction::Kind::kWrite);
  // Another process may have migrated while we waited for the lock.
  const Identity identity = ReadIdentity(database);
  CheckIdentity(database, identity);
  for (int64_t i = identity.version; i < kLedgerSchemaVersion; ++i) {
    database.Execute(kMigrations[i]);
  }
  database.Execute(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str());
  database.Execute(fmt::format("PRAGMA user_version = {}", kLedgerSchemaVersion).c_str());
  transaction.Commit();
}

// Readers and a writer do not wait for each other in WAL mode. Where the file system cannot do it
// (network folders), SQLite keeps the old mode, which is slower but right.
// Trap: while another process switches the same file, this fails with SQLITE_BUSY at once; the busy
// timeout does not apply to it. The mode is a property of the file, so one success is enough.
void UseWriteAheadLog(SqliteDatabase& database) {
  constexpr int kAttempts = 500;
  for (int attempt = 1;; ++attempt) {
    try {
      SqliteStatement(database, "PRAGMA journal_mode = WAL").Run();
      return;
    } catch (const SqliteBusy&) {
      if (attempt == kAttempts) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

}  // namespace

const int kLedgerSchemaVersion = static_cast<int>(std::size(kMigrations));

void PrepareSchema(SqliteDatabase& database) {
  SqliteTransaction transaction(database, SqliteTransaction::Kind::kRead);
  const Identity identity = ReadIdentity(database);
  transaction.Commit();
  CheckIdentity(database, identity);
  UseWriteAheadLog(database);
  // In WAL mode NORMAL survives the death of a process; a power cut may lose the last records.
  database.Execute("PRAGMA synchronous = NORMAL");
  database.Execute("PRAGMA foreign_keys = ON");
  if (identity.version < kLedgerSchemaVersion) Migrate(database);
}

}  // namespace cambium
