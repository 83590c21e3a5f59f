#pragma once

#include "core/error.hpp"
#include "ledger/mysql/mysql_connection.hpp"

namespace firstcome {

// Brings a MySQL or MariaDB ledger to the newest schema, that of sql/mysql/, or with `may_change`
// false only checks that it has it. See migrate() for what happens when several call it, when one
// dies, and for the errors.
[[nodiscard]] Result<void> prepare_schema(MysqlConnection& connection, bool may_change);

}  // namespace firstcome
