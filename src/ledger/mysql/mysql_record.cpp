#include "ledger/mysql/mysql_record.hpp"

#include <cstring>

#include "ledger/mysql/mysql_text.hpp"

namespace firstcome {
namespace {

Time time_of(std::int64_t unix_ms) {
  return Time(std::chrono::milliseconds(unix_ms));
}

std::optional<Time> optional_time(const MysqlRows& row, std::size_t column) {
  const auto unix_ms = row.integer_or_null(column);
  return unix_ms ? std::optional(time_of(*unix_ms)) : std::nullopt;
}

std::uint32_t narrow(std::int64_t value) {
  return static_cast<std::uint32_t>(value);
}

std::string_view code_bytes(const Coupon& coupon) {
  return {reinterpret_cast<const char*>(coupon.code.bytes.data()), coupon.code.bytes.size()};
}

// The values of one row, with commas in between.
class Values {
 public:
  explicit Values(std::string& sql) : sql_(sql) { sql_.push_back('('); }
  Values& bytes(std::string_view value) {
    separate();
    append_quoted(sql_, value);
    return *this;
  }
  Values& bytes_or_null(std::string_view value) { return value.empty() ? null() : bytes(value); }
  template <class Integer>
  Values& number(Integer value) {
    separate();
    sql_.append(std::to_string(value));
    return *this;
  }
  Values& time(Time value) { return number(value.time_since_epoch().count()); }
  Values& time(const std::optional<Time>& value) { return value ? time(*value) : null(); }
  Values& null() {
    separate();
    sql_.append("NULL");
    return *this;
  }
  void end() { sql_.push_back(')'); }

 private:
  void separate() {
    if (!std::exchange(first_, false)) sql_.push_back(',');
  }

  std::string& sql_;
  bool first_ = true;
};

}  // namespace

Campaign read_mysql_campaign(const MysqlRows& row) {
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

void append_campaign_values(std::string& sql, const Campaign& campaign, std::uint64_t change_seq) {
  const CampaignSettings& settings = *campaign.settings;
  Values values(sql);
  values.number(campaign.number.value).bytes(campaign.id.view()).bytes(settings.name);
  values.number(settings.stock).number(settings.per_user);
  values.time(settings.opens_at).time(settings.closes_at);
  settings.coupon_ttl ? values.number(settings.coupon_ttl->count()) : values.null();
  values.bytes(to_string(settings.mode)).number(settings.pace.batch);
  values.number(settings.pace.tick.count()).bytes(settings.metadata);
  values.number(settings.paused ? 1 : 0).number(change_seq).end();
}

Result<CouponRow> read_mysql_coupon(const MysqlRows& row) {
  CouponRow coupon;
  coupon.campaign = CampaignNumber{narrow(row.integer(0))};
  coupon.coupon.rank = Rank{narrow(row.integer(1))};
  coupon.user = UserId::trusted(row.text(2));
  coupon.coupon.nth = narrow(row.integer(3));
  const std::string_view code = row.text(4);
  if (code.size() != coupon.coupon.code.bytes.size()) {
    return fail(ErrorCode::corrupt, "the coupon of campaign " + std::string(row.text(0)) +
                                        ", rank " + std::string(row.text(1)) + " has a code of " +
                                        std::to_string(code.size()) + " bytes");
  }
  std::memcpy(coupon.coupon.code.bytes.data(), code.data(), code.size());
  coupon.coupon.issued_at = time_of(row.integer(5));
  coupon.coupon.expires_at = optional_time(row, 6);
  coupon.key = IdempotencyKey::trusted(row.text(7));
  coupon.epoch = Epoch{row.natural(8)};
  coupon.ticket = Ticket{row.natural(9)};
  return coupon;
}

void append_coupon_values(std::string& sql, const CouponRow& coupon) {
  Values values(sql);
  values.number(coupon.campaign.value).number(coupon.coupon.rank.value).bytes(coupon.user.view());
  values.number(coupon.coupon.nth);
  values.bytes(code_bytes(coupon.coupon));
  values.time(coupon.coupon.issued_at).time(coupon.coupon.expires_at);
  values.bytes_or_null(coupon.key.view());
  values.number(coupon.epoch.value).number(coupon.ticket.value).end();
}

MysqlBulkRows mysql_bulk_of(std::span<const CouponRow> coupons) {
  MysqlBulkRows rows(10);
  const auto time = [&rows](Time value) {
    rows.number(static_cast<std::uint64_t>(value.time_since_epoch().count()));
  };
  for (const CouponRow& coupon : coupons) {
    rows.number(coupon.campaign.value).number(coupon.coupon.rank.value);
    rows.bytes(coupon.user.view()).number(coupon.coupon.nth).bytes(code_bytes(coupon.coupon));
    time(coupon.coupon.issued_at);
    coupon.coupon.expires_at ? time(*coupon.coupon.expires_at) : (void)rows.null();
    coupon.key.view().empty() ? rows.null() : rows.bytes(coupon.key.view());
    rows.number(coupon.epoch.value).number(coupon.ticket.value);
  }
  return rows;
}

Result<ParkedClaim> read_mysql_parked(const MysqlRows& row) {
  ParkedClaim parked;
  parked.claim.campaign = CampaignNumber{narrow(row.integer(0))};
  parked.claim.epoch = Epoch{row.natural(1)};
  parked.claim.ticket = Ticket{row.natural(2)};
  parked.claim.user = UserId::trusted(row.text(3));
  parked.claim.key = IdempotencyKey::trusted(row.text(4));
  parked.claim.arrived_at = time_of(row.integer(5));
  parked.outcome = Outcome::queued;
  if (row.is_null(6)) return parked;
  const auto outcome = parse_outcome(row.text(6));
  if (!outcome) {
    return fail(ErrorCode::corrupt,
                "a parked claim's outcome is '" + std::string(row.text(6)) + "'");
  }
  parked.outcome = *outcome;
  return parked;
}

void append_parked_values(std::string& sql, const Claim& claim) {
  Values values(sql);
  values.number(claim.campaign.value).number(claim.epoch.value).number(claim.ticket.value);
  values.bytes(claim.user.view()).bytes_or_null(claim.key.view());
  values.time(claim.arrived_at).null().end();
}

bool is_unmoved(const IssuingRow& before, const IssuingRow& after) {
  IssuingRow touched = before;
  touched.touched_at = after.touched_at;
  return touched == after;
}

IssuingRow read_mysql_issuing(const MysqlRows& row) {
  return {.campaign = CampaignNumber{narrow(row.integer(0))},
          .epoch = Epoch{row.natural(1)},
          .holder = row.natural(2),
          .issued = narrow(row.integer(3)),
          .tickets = row.natural(4),
          .line_front = row.natural(5),
          .line_back = row.natural(6),
          .change_seq = row.natural(7),
          .touched_at = row.integer(8)};
}

}  // namespace firstcome
