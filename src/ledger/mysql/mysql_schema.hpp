#pragma once

#include "core/error.hpp"
#include "ledger/mysql/mysql_connection.hpp"

// The schema of a MySQL or MariaDB ledger and its version (meta, `schema_version`), from
// sql/mysql/.
//
// These servers commit at every CREATE and ALTER, so a migration cannot be one transaction. It goes
// statement by statement under a named lock, and meta says which one is begun (`schema_step`). Who
// dies in between leaves a ledger that the next start takes up at that statement: it may have been
// done already, and only for it "is already there" counts as done. A migration's INSERT or UPDATE
// must therefore be one that can be done twice.

namespace firstcome {

// Brings the ledger to the newest version, or with `migrate` false only checks that it is there.
// Any number of nodes may call it at the same time; one does the work, the others wait for it, a
// minute at most. Error: corrupt, when the ledger is newer than this binary; conflict, when the
// database holds tables of these names that are no ledger's; unavailable, when it is older and may
// not be migrated, or as the server says.
[[nodiscard]] Result<void> prepare_schema(MysqlConnection& connection, bool migrate);

}  // namespace firstcome
