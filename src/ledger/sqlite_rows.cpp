#include "ledger/sqlite_rows.hpp"

#include <cstring>

namespace firstcome {
namespace {

Time time_of(std::int64_t unix_ms) {
  return Time(std::chrono::milliseconds(unix_ms));
}
std::int64_t unix_ms(Time time) {
  return time.time_since_epoch().count();
}

std::optional<Time> optional_time(const SqliteStatement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return time_of(row.integer(column));
}

void bind_time(SqliteStatement& statement, int index, const std::optional<Time>& time) {
  time ? statement.bind(index, unix_ms(*time)) : statement.bind_null(index);
}

void bind_key(SqliteStatement& statement, int index, const IdempotencyKey& key) {
  key.empty() ? statement.bind_null(index) : statement.bind(index, key.view());
}

std::uint32_t narrow(std::int64_t value) {
  return static_cast<std::uint32_t>(value);
}

}  // namespace

Campaign read_campaign(const SqliteStatement& row) {
  CampaignSettings settings;
  settings.name = row.text(2);
  settings.stock = narrow(row.integer(3));
  settings.per_user = narrow(row.integer(4));
  settings.opens_at = optional_time(row, 5);
  settings.closes_at = optional_time(row, 6);
  if (!row.is_null(7)) settings.coupon_ttl = std::chrono::seconds(row.integer(7));
  settings.mode = row.text(8) == "paced" ? Mode::paced : Mode::instant;
  settings.pace = {narrow(row.integer(9)), std::chrono::milliseconds(row.integer(10))};
  settings.metadata = row.text(11);
  settings.paused = row.integer(12) != 0;
  return {.id = CampaignId::trusted(row.text(1)),
          .number = CampaignNumber{narrow(row.integer(0))},
          .settings = std::make_shared<const CampaignSettings>(std::move(settings))};
}

void bind_campaign(SqliteStatement& statement, const Campaign& campaign) {
  const CampaignSettings& settings = *campaign.settings;
  statement.bind(1, std::int64_t{campaign.number.value});
  statement.bind(2, campaign.id.view());
  statement.bind(3, std::string_view(settings.name));
  statement.bind(4, std::int64_t{settings.stock});
  statement.bind(5, std::int64_t{settings.per_user});
  bind_time(statement, 6, settings.opens_at);
  bind_time(statement, 7, settings.closes_at);
  std::optional<std::int64_t> ttl_s;
  if (settings.coupon_ttl) ttl_s = settings.coupon_ttl->count();
  statement.bind(8, ttl_s);
  statement.bind(9, to_string(settings.mode));
  statement.bind(10, std::int64_t{settings.pace.batch});
  statement.bind(11, std::int64_t{settings.pace.tick.count()});
  statement.bind(12, std::string_view(settings.metadata));
  statement.bind(13, std::int64_t{settings.paused});
}

Result<CouponRow> read_coupon(const SqliteStatement& row) {
  CouponRow coupon;
  coupon.campaign = CampaignNumber{narrow(row.integer(1))};
  coupon.coupon.rank = Rank{narrow(row.integer(2))};
  coupon.user = UserId::trusted(row.text(3));
  coupon.coupon.nth = narrow(row.integer(4));
  const std::string_view code = row.text(5);
  if (code.size() != coupon.coupon.code.bytes.size()) {
    return fail(ErrorCode::corrupt, "coupons row " + std::to_string(row.integer(0)) +
                                        " holds a code of " + std::to_string(code.size()) +
                                        " bytes");
  }
  std::memcpy(coupon.coupon.code.bytes.data(), code.data(), code.size());
  coupon.coupon.issued_at = time_of(row.integer(6));
  coupon.coupon.expires_at = optional_time(row, 7);
  if (!row.is_null(8)) coupon.key = IdempotencyKey::trusted(row.text(8));
  coupon.epoch = Epoch{static_cast<std::uint64_t>(row.integer(9))};
  coupon.ticket = Ticket{static_cast<std::uint64_t>(row.integer(10))};
  return coupon;
}

void bind_coupon(SqliteStatement& statement, std::uint32_t seq, const CouponRow& row) {
  const auto& code = row.coupon.code.bytes;
  statement.bind(1, std::int64_t{seq});
  statement.bind(2, std::int64_t{row.campaign.value});
  statement.bind(3, std::int64_t{row.coupon.rank.value});
  statement.bind(4, row.user.view());
  statement.bind(5, std::int64_t{row.coupon.nth});
  statement.bind_blob(6, {reinterpret_cast<const char*>(code.data()), code.size()});
  statement.bind(7, unix_ms(row.coupon.issued_at));
  bind_time(statement, 8, row.coupon.expires_at);
  bind_key(statement, 9, row.key);
  statement.bind(10, static_cast<std::int64_t>(row.epoch.value));
  statement.bind(11, static_cast<std::int64_t>(row.ticket.value));
}

Result<ParkedClaim> read_parked(const SqliteStatement& row) {
  ParkedClaim parked{.outcome = Outcome::queued};
  parked.claim.campaign = CampaignNumber{narrow(row.integer(0))};
  parked.claim.epoch = Epoch{static_cast<std::uint64_t>(row.integer(1))};
  parked.claim.ticket = Ticket{static_cast<std::uint64_t>(row.integer(2))};
  parked.claim.user = UserId::trusted(row.text(3));
  if (!row.is_null(4)) parked.claim.key = IdempotencyKey::trusted(row.text(4));
  parked.claim.arrived_at = time_of(row.integer(5));
  if (row.is_null(6)) return parked;
  const std::optional<Outcome> outcome = parse_outcome(row.text(6));
  if (!outcome) {
    return fail(ErrorCode::corrupt, "the parked claim with ticket " +
                                        std::to_string(row.integer(2)) + " has outcome '" +
                                        std::string(row.text(6)) + "'");
  }
  parked.outcome = *outcome;
  return parked;
}

void bind_parked(SqliteStatement& statement, const Claim& claim) {
  statement.bind(1, std::int64_t{claim.campaign.value});
  statement.bind(2, static_cast<std::int64_t>(claim.epoch.value));
  statement.bind(3, static_cast<std::int64_t>(claim.ticket.value));
  statement.bind(4, claim.user.view());
  bind_key(statement, 5, claim.key);
  statement.bind(6, unix_ms(claim.arrived_at));
  statement.bind_null(7);
}

}  // namespace firstcome
