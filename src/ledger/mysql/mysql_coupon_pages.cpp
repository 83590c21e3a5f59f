#include "ledger/mysql/mysql_coupon_pages.hpp"

#include <string>

#include "ledger/mysql/mysql_record.hpp"

namespace firstcome {
namespace {

constexpr std::size_t page_rows = 20'000;

MysqlResult<MysqlRows> read_page(MysqlConnection& connection, const std::string& which) {
  return connection.query("SELECT " + std::string(mysql_coupon_columns) + " FROM coupons WHERE " +
                          which + " ORDER BY campaign, `rank` LIMIT " + std::to_string(page_rows));
}

}  // namespace

// The rest of the campaign, or the campaigns behind it: each a range of the primary key that begins
// where the page does. With both in one condition MariaDB takes the range from the campaign's first
// coupon on.
MysqlResult<MysqlRows> read_coupons_behind(MysqlConnection& connection, CampaignNumber campaign,
                                           Rank rank) {
  const std::string number = std::to_string(campaign.value);
  auto rows =
      read_page(connection, "campaign = " + number + " AND `rank` > " + std::to_string(rank.value));
  if (!rows || rows->size() > 0) return rows;
  return read_page(connection, "campaign > " + number);
}

}  // namespace firstcome
