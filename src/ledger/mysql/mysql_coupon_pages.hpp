#pragma once

#include "core/ids.hpp"
#include "ledger/mysql/mysql_connection.hpp"

// All coupons of a ledger, in order of (campaign, rank): the way to read what is too much for one
// result.

namespace firstcome {

// The page behind this coupon, in mysql_coupon_columns; without rows when there are no more. The
// first page is the one behind {0}, {0}. Each takes the database as long as it is, whatever comes
// before it.
[[nodiscard]] MysqlResult<MysqlRows> read_coupons_behind(MysqlConnection& connection,
                                                         CampaignNumber campaign, Rank rank);

}  // namespace firstcome
