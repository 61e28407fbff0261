// SPDX-License-Identifier: Apache-2.0
#include "ledger/sqlite_database.h"

#include <sqlite3.h>

#include <limits>

#include "base/check.h"

namespace cambium {

SqliteDatabase::SqliteDatabase(const std::filesystem::path& path, int busy_timeout_ms)
    : path_(path) {
  const int result =
      sqlite3_open_v2(path.c_str(), &handle_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (result != SQLITE_OK) {
    const std::string reason = handle_ != nullptr ? sqlite3_errmsg(handle_) : "out of memory";
    sqlite3_close(handle_);
    Fail(ErrorCode::kIo, "{}: cannot open the run ledger: {}", path.string(), reason);
  }
  sqlite3_busy_timeout(handle_, busy_timeout_ms);
}

SqliteDatabase::~SqliteDatabase() { sqlite3_close(handle_); }

void SqliteDatabase::FailWith(int result, std::string_view what) const {
  ErrorCode code = ErrorCode::kInternal;
  const char* advice = "";
  switch (result & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      code = ErrorCode::kCorruptData;
      advice = "; move the file away, or choose another with --ledger FILE";
      break;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      code = ErrorCode::kResourceExhausted;
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw SqliteBusy(ErrorCode::kIo,
                       fmt::format("{}: run ledger: another process has held it for too long: {}",
                                   path_.string(), sqlite3_errmsg(handle_)));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      code = ErrorCode::kIo;
      break;
    default:
      break;
  }
  Fail(code, "{}: run ledger: cannot {}: {}{}", path_.string(), what, sqlite3_errmsg(handle_),
       advice);
}

void SqliteDatabase::Execute(const char* sql) {
  const int result = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) FailWith(result, sql);
}

int64_t SqliteDatabase::QueryInt(const char* sql) {
  SqliteStatement statement(*this, sql);
  return statement.Next() ? statement.Int(0) : 0;
}

SqliteStatement::SqliteStatement(SqliteDatabase& database, const char* sql) : database_(database) {
  const int result =
      sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (result != SQLITE_OK) database.FailWith(result, "read");
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(handle_); }

void SqliteStatement::CheckBind(int result) {
  if (result != SQLITE_OK) database_.FailWith(result, "bind a value");
}

SqliteStatement& SqliteStatement::Bind(std::string_view text) {
  // A null pointer would be stored as NULL, an empty text must stay one.
  const char* data = text.data() != nullptr ? text.data() : "";
  CheckBind(sqlite3_bind_text64(handle_, next_parameter_++, data, text.size(), SQLITE_TRANSIENT,
                                SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::Bind(int64_t value) {
  CheckBind(sqlite3_bind_int64(handle_, next_parameter_++, value));
  return *this;
}

SqliteStatement& SqliteStatement::Bind(double value) {
  CheckBind(sqlite3_bind_double(handle_, next_parameter_++, value));
  return *this;
}

void SqliteStatement::Run() {
  while (Next()) {
  }
}

bool SqliteStatement::Next() {
  CHECK(next_parameter_ == sqlite3_bind_parameter_count(handle_) + 1);
  const int result = sqlite3_step(handle_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) {
    // The message is made before the reset, which may replace it.
    try {
      database_.FailWith(result, sqlite3_stmt_readonly(handle_) != 0 ? "read" : "write");
    } catch (...) {
      Reset();
      throw;
    }
  }
  Reset();
  return false;
}

void SqliteStatement::Reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  next_parameter_ = 1;
}

std::string SqliteStatement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  return text == nullptr
             ? std::string()
             : std::string(text, static_cast<size_t>(sqlite3_column_bytes(handle_, column)));
}

int64_t SqliteStatement::Int(int column) const { return sqlite3_column_int64(handle_, column); }

double SqliteStatement::Real(int column) const {
  if (sqlite3_column_type(handle_, column) == SQLITE_NULL) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return sqlite3_column_double(handle_, column);
}

SqliteTransaction::SqliteTransaction(SqliteDatabase& database, Kind kind) : database_(database) {
  database_.Execute(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
}

SqliteTransaction::~SqliteTransaction() {
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void SqliteTransaction::Commit() {
  database_.Execute("COMMIT");
  open_ = false;
}

}  // namespace cambium
