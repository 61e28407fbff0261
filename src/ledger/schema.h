// SPDX-License-Identifier: Apache-2.0
// The tables of the run ledger and their versions. A file of an older version is brought up to date
// when it is opened; one of a newer version, or of another program, is refused and left as it is.
#pragma once

#include "ledger/sqlite_database.h"

namespace cambium {

// Stored in the file as PRAGMA user_version; raised by one with every entry added to kMigrations.
extern const int kLedgerSchemaVersion;

// Sets the journal mode and migrates. Safe when several processes open a new file at once.
void PrepareSchema(SqliteDatabase& database);

}  // namespace cambium
