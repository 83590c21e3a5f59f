#pragma once

#include <span>
#include <string_view>

#include "core/error.hpp"
#include "ledger/mysql/mysql_connection.hpp"

// Brings a database's schema from version to version. Its version is in its table meta
// (`schema_version`), which the first migration's first statement makes.
//
// These servers commit at every CREATE and ALTER, so a migration cannot be one transaction. It goes
// statement by statement under a named lock, and meta says which one is begun (`schema_step`). Who
// dies in between leaves a ledger that the next start takes up at that statement: it may have been
// done already, and only for it "is already there" counts as done. A migration's INSERT or UPDATE
// must therefore be one that can be done twice.

namespace firstcome {

// Entry i is the text that brings version i to version i + 1.
using MysqlMigrations = std::span<const std::string_view>;

// To the newest version; with `may_change` false it only checks that this is there. Any number of
// nodes may call it at the same time; one does the work, the others wait for it, a minute at most.
// Error: corrupt, when the schema is newer than all migrations; conflict, when there is no ledger,
// but something else; unavailable, when it is older and may not be changed, or as the server says.
[[nodiscard]] Result<void> migrate(MysqlConnection& connection, MysqlMigrations migrations,
                                   bool may_change);

}  // namespace firstcome
