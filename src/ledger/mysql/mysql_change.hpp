#pragma once

#include <span>
#include <vector>

#include "ledger/ledger.hpp"
#include "ledger/mysql/mysql_mirror.hpp"

namespace firstcome {

// Makes or changes campaigns in one transaction, as Ledger::change() says; the mirror knows them
// when it returns. Changes are made one after the other, whichever server makes them, and numbered:
// whoever has read up to one has read all before it. May leave a transaction open on a connection
// that goes back to its pool. Error: as Ledger::change().
[[nodiscard]] Result<std::vector<Result<Ledger::Changed>>> change_campaigns(
    MysqlConnection& connection, MysqlMirror& mirror, std::span<const CampaignChange> changes);

}  // namespace firstcome
