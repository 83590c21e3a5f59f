#pragma once

#include <map>
#include <span>

#include "ledger/ledger.hpp"
#include "ledger/mysql/mysql_mirror.hpp"
#include "ledger/mysql/mysql_nodes.hpp"

// Who leads a campaign: runs the ticks of its line, and issues the claims that come from elsewhere.
// The lease is `issuing.holder`, under an epoch of its own. It is taken from a holder that is not
// seen any more, by whoever looks first, and looked at again in each batch that depends on it:
// "locked" is here also a row that is presumed, and looked at when the batch commits. One thread.

namespace firstcome {

class MysqlLeases {
 public:
  // Both outlive this.
  MysqlLeases(MysqlNodes& nodes, MysqlMirror& mirror) : nodes_(nodes), mirror_(mirror) {}

  // As far as memory knows.
  [[nodiscard]] bool runs_line(CampaignNumber campaign) const;

  // With the row locked in a transaction of this connection: whether this server leads the
  // campaign, or will once the transaction is committed with the row as it is then.
  [[nodiscard]] bool lead(MysqlConnection& connection, IssuingRow& row);

  // With the rows of the claims' campaigns locked in the same way: whether these claims are this
  // server's to decide. Error: conflict; another server has come to the lease since they were taken
  // from line or queue.
  [[nodiscard]] Result<void> check(MysqlConnection& connection,
                                   std::map<CampaignNumber, IssuingRow>& rows,
                                   std::span<const Claim> due, std::span<const Claim> arrivals);

  // Takes the lines over whose holder is not there any more.
  [[nodiscard]] MysqlResult<void> take_orphans(MysqlConnection& connection);

 private:
  MysqlNodes& nodes_;
  MysqlMirror& mirror_;
};

}  // namespace firstcome
