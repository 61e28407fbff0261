// SPDX-License-Identifier: Apache-2.0
// SQLite behind two small classes: a connection and a prepared statement. Every failure is an Error
// that names the file: kCorruptData (not a database, damaged), kResourceExhausted (disk full, out
// of memory), kIo (cannot be opened, read-only, held by another process), kInternal otherwise.
//
// Thread safety: none; a connection and its statements belong to one thread at a time.
// Source: SQLite C interface, https://www.sqlite.org/c3ref/intro.html.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace cambium {

// kIo: another process holds the file. A type of its own because the caller may try again.
class SqliteBusy : public Error {
 public:
  using Error::Error;
};

class SqliteDatabase {
 public:
  // Opens or creates the file. Waits up to busy_timeout_ms for locks that other processes hold.
  SqliteDatabase(const std::filesystem::path& path, int busy_timeout_ms);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  // Runs statements without results.
  void Execute(const char* sql);
  // The first column of the first row, 0 when there is none.
  int64_t QueryInt(const char* sql);
  // Throws the Error for an SQLite result code.
  [[noreturn]] void FailWith(int result, std::string_view what) const;

  sqlite3* handle() const { return handle_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  sqlite3* handle_ = nullptr;
};

// Usage: Bind values in order, then Run() for a statement without rows, or Next() until it is
// false. The statement is reset and its bindings are cleared at the end of either, and by Reset().
class SqliteStatement {
 public:
  SqliteStatement(SqliteDatabase& database, const char* sql);
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  SqliteStatement& Bind(std::string_view text);
  SqliteStatement& Bind(int64_t value);
  SqliteStatement& Bind(double value);  // SQLite has no NaN: it is stored as NULL

  void Run();
  bool Next();
  void Reset();

  // Columns of the current row, from 0.
  std::string Text(int column) const;
  int64_t Int(int column) const;
  double Real(int column) const;  // NaN for NULL

 private:
  void CheckBind(int result);

  SqliteDatabase& database_;
  sqlite3_stmt* handle_ = nullptr;
  int next_parameter_ = 1;
};

// BEGIN now (for writing: with the lock, so that it cannot fail later); ROLLBACK at the end of the
// scope unless Commit() was called.
class SqliteTransaction {
 public:
  enum class Kind { kRead, kWrite };
  SqliteTransaction(SqliteDatabase& database, Kind kind);
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  void Commit();

 private:
  SqliteDatabase& database_;
  bool open_ = true;
};

}  // namespace cambium
