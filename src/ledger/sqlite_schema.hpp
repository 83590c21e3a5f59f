#pragma once

#include "core/error.hpp"
#include "ledger/sqlite_database.hpp"

// The schema of the embedded ledger and its version (PRAGMA user_version), from sql/sqlite/.

namespace firstcome {

// Before anything is set or written. Error: corrupt, when the file is not empty and no ledger.
[[nodiscard]] Result<void> check_is_ledger(const SqliteDatabase& database);

// Brings a database up to the newest version in one transaction, or with `migrate` false only
// checks that it is there. Error: corrupt, when the file is no ledger or is newer than this binary;
// unavailable, when it is older and may not be migrated.
[[nodiscard]] Result<void> prepare_schema(SqliteDatabase& database, bool migrate);

}  // namespace firstcome
