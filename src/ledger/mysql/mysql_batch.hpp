#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "ledger/mysql/mysql_connection.hpp"
#include "ledger/mysql/mysql_record.hpp"

// The SQL of a batch.

namespace firstcome {

// Marks a transaction as this server's n-th; none with a lower number can be committed after it.
struct CommitMark {
  std::uint64_t node = 0;
  std::uint64_t number = 0;
};

// What stands around a batch's rows in its texts.
struct BatchFrame {
  std::span<const IssuingRow> presumed{};  // `issuing` before, where it was not locked
  std::span<const IssuingRow> issuing{};   // as it is left; of the same campaigns, in that order
  CommitMark mark{};
  bool begins = false;       // the transaction, which has not begun yet
  bool chains = false;       // a further one to the commit, for the next batch
  std::size_t size_max = 0;  // of a text, in bytes, unless it holds a single row
};

// The texts that write these rows, in order; only the last one commits. Of the coupons they write
// `coupons`, those that insert_in_bulk() has left. Where a presumed row is not so any more, none is
// written: moved_since().
[[nodiscard]] std::vector<std::string> batch_texts(std::span<const CouponRow> coupons,
                                                   const BatchRows& rows, const BatchFrame& frame);

// Whether texts failed because a presumed row is not as it was presumed to be, or not there.
[[nodiscard]] bool moved_since(const MysqlError& error);

// Whether so many coupons are better inserted in bulk, in a round trip of their own.
[[nodiscard]] bool is_bulk(const MysqlConnection& connection, std::size_t coupons);

// Inserts the coupons, where they are. Returns those that are left.
[[nodiscard]] MysqlResult<std::span<const CouponRow>> insert_in_bulk(
    MysqlConnection& connection, std::span<const CouponRow> coupons);

// Locks the campaigns' rows in `issuing`, in the order of their numbers, and reads them. At least
// one campaign.
[[nodiscard]] std::string lock_issuing(std::span<const CampaignNumber> campaigns);

// Each campaign of these claims once, in the order of their numbers.
[[nodiscard]] std::vector<CampaignNumber> campaigns_of(std::span<const Claim> due,
                                                       std::span<const Claim> arrivals);

}  // namespace firstcome
