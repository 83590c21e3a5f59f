#pragma once

#include <string_view>

#include "ledger/ledger.hpp"
#include "ledger/sqlite_database.hpp"

// How campaigns and coupons lie in SQLite's columns (see sql/sqlite/). Each list of columns stands
// beside the functions that read and bind it, first column 0, first parameter ?1.

namespace firstcome {

inline constexpr std::string_view campaign_columns =
    "number, id, name, stock, per_user, opens_at, closes_at, coupon_ttl_s, mode, pace_batch, "
    "pace_tick_ms, metadata, paused";

[[nodiscard]] Campaign read_campaign(const SqliteStatement& row);  // `issued` is left 0
// The campaign must live until the step.
void bind_campaign(SqliteStatement& statement, const Campaign& campaign);

inline constexpr std::string_view coupon_columns =
    "seq, campaign, rank, user, nth, code, issued_at, expires_at, key, epoch, ticket";

// `identity` is left empty. Error: corrupt, naming the row, when a column cannot be what it should.
[[nodiscard]] Result<CouponRow> read_coupon(const SqliteStatement& row);
void bind_coupon(SqliteStatement& statement, std::uint32_t seq, const CouponRow& coupon);

inline constexpr std::string_view parked_columns =
    "campaign, epoch, ticket, user, key, arrived_at, outcome";

// `identity` is left empty. Error: corrupt, on an outcome that is none.
[[nodiscard]] Result<ParkedClaim> read_parked(const SqliteStatement& row);
void bind_parked(SqliteStatement& statement, const Claim& claim);  // outcome NULL: it waits

}  // namespace firstcome
