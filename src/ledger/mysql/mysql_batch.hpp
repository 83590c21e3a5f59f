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

// Marks a transaction as this server's n-th.
struct CommitMark {
  std::uint64_t node = 0;
  std::uint64_t number = 0;
};

// The texts that write these rows and leave `issuing` as given, in order; only the last one
// commits. Each is at most `size_max` bytes, or holds a single row. Of the coupons they write
// `coupons`, those that insert_in_bulk() has left.
[[nodiscard]] std::vector<std::string> batch_texts(std::span<const CouponRow> coupons,
                                                   const BatchRows& rows,
                                                   std::span<const IssuingRow> issuing,
                                                   CommitMark mark, std::size_t size_max);

// Inserts the coupons, where that is quicker than text. Returns those that are left.
[[nodiscard]] MysqlResult<std::span<const CouponRow>> insert_in_bulk(
    MysqlConnection& connection, std::span<const CouponRow> coupons);

// Locks the campaigns' rows in `issuing`, in the order of their numbers, and reads them. At least
// one campaign.
[[nodiscard]] std::string lock_issuing(std::span<const CampaignNumber> campaigns);

// Each campaign of these claims once, in the order of their numbers.
[[nodiscard]] std::vector<CampaignNumber> campaigns_of(std::span<const Claim> due,
                                                       std::span<const Claim> arrivals);

}  // namespace firstcome
