#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ledger/ledger.hpp"
#include "ledger/mysql/mysql_bulk.hpp"
#include "ledger/mysql/mysql_rows.hpp"

// How campaigns, coupons and parked claims lie in the columns of sql/mysql/. Each list of columns
// stands beside the functions that read its rows and append its values; first column 0. Pure.

namespace firstcome {

inline constexpr std::string_view mysql_campaign_columns =
    "number, id, name, stock, per_user, opens_at, closes_at, coupon_ttl_s, mode, pace_batch, "
    "pace_tick_ms, metadata, paused, change_seq";

[[nodiscard]] Campaign read_mysql_campaign(const MysqlRows& row);  // `issued` is left 0
// "(…)"; `change_seq` is the change that makes it so.
void append_campaign_values(std::string& sql, const Campaign& campaign, std::uint64_t change_seq);

inline constexpr std::string_view mysql_coupon_columns =
    "campaign, `rank`, user, nth, code, issued_at, expires_at, claim_key, epoch, ticket";

// `identity` is left empty. Error: corrupt, naming the row, when the code is none.
[[nodiscard]] Result<CouponRow> read_mysql_coupon(const MysqlRows& row);
void append_coupon_values(std::string& sql, const CouponRow& coupon);  // "(…)"
inline constexpr std::string_view mysql_coupon_parameters = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?";
[[nodiscard]] MysqlBulkRows mysql_bulk_of(std::span<const CouponRow> coupons);

inline constexpr std::string_view mysql_parked_columns =
    "campaign, epoch, ticket, user, claim_key, arrived_at, outcome";

// `identity` is left empty. Error: corrupt, on an outcome that is none.
[[nodiscard]] Result<ParkedClaim> read_mysql_parked(const MysqlRows& row);
void append_parked_values(std::string& sql, const Claim& claim);  // "(…)", outcome NULL: it waits

// The row that moves while a campaign issues.
struct IssuingRow {
  CampaignNumber campaign{};
  Epoch epoch{};
  std::uint64_t holder = 0;
  std::uint32_t issued = 0;
  std::uint64_t tickets = 0;
  std::uint64_t line_front = 0;
  std::uint64_t line_back = 0;
  std::uint64_t change_seq = 0;
  std::int64_t touched_at = 0;
  friend bool operator==(const IssuingRow&, const IssuingRow&) = default;
};

// Whether nobody has moved the row between the two.
[[nodiscard]] bool is_unmoved(const IssuingRow& before, const IssuingRow& after);

inline constexpr std::string_view mysql_issuing_columns =
    "campaign, epoch, holder, issued, tickets, line_front, line_back, change_seq, touched_at";

[[nodiscard]] IssuingRow read_mysql_issuing(const MysqlRows& row);

// The database's clock as Unix ms, an expression.
inline constexpr std::string_view mysql_now_ms = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";

}  // namespace firstcome
