#pragma once

#include <expected>
#include <map>
#include <utility>
#include <vector>

#include "ledger/mysql/mysql_batch.hpp"
#include "ledger/mysql/mysql_pool.hpp"
#include "ledger/mysql/mysql_record.hpp"

// The transaction of one batch. What its decisions depend on, its campaigns' rows in `issuing`, is
// either locked and read first and holds until the end; or it is presumed to be what this server
// knows, and the commit comes to nothing where it is not: a round trip less, for who moves a
// campaign alone. One thread.

namespace firstcome {

class MysqlTransaction {
 public:
  // `rows` are locked in a transaction of this connection, or presumed to be so.
  enum class Hold : std::uint8_t { locked, presumed };
  MysqlTransaction(MysqlLease connection, Hold hold, std::vector<IssuingRow> rows);

  [[nodiscard]] MysqlLease release() && { return std::move(connection_); }
  [[nodiscard]] MysqlConnection& connection() const { return *connection_; }
  [[nodiscard]] Hold hold() const { return hold_; }

  // By campaign, as the transaction will leave them: whoever decides, moves them.
  [[nodiscard]] std::map<CampaignNumber, IssuingRow>& rows() { return rows_; }
  [[nodiscard]] std::vector<IssuingRow> left() const;
  [[nodiscard]] std::vector<CampaignNumber> campaigns() const;

  // Where `rows` are presumed, a batch in bulk can only be written by a connection that has begun a
  // transaction already.
  [[nodiscard]] static bool can_presume(const MysqlConnection& connection, std::size_t claims);

  // Writes the batch, moves `rows` by it, and commits. After a batch in bulk the connection has
  // begun a further transaction for the next one, if that presumes: it needs no round trip then.
  enum class Next : std::uint8_t { locks, presumes };
  struct Failure {
    MysqlError error;
    bool committing = false;  // it came from the text that commits
  };
  [[nodiscard]] std::expected<void, Failure> commit(const BatchRows& batch, CommitMark mark,
                                                    Next next);

 private:
  MysqlLease connection_;
  Hold hold_;
  std::vector<IssuingRow> presumed_;  // as they were, where they are presumed
  std::map<CampaignNumber, IssuingRow> rows_;
};

}  // namespace firstcome
