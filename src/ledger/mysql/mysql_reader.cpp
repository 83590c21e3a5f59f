#include "ledger/mysql/mysql_reader.hpp"

#include "ledger/mysql/mysql_record.hpp"
#include "ledger/mysql/mysql_text.hpp"

namespace firstcome {
namespace {

constexpr std::string_view reads = "firstcome_ledger_reads_total";
constexpr std::string_view reads_help = "Listings, by who answered them.";
constexpr std::string_view passed_over = "firstcome_replica_passed_over_total";
constexpr std::string_view passed_over_help =
    "Replicas that did not answer a listing: late, without the newest commit; away.";

std::string select_coupons(const std::string& rest) {
  return "SELECT " + std::string(mysql_coupon_columns) + " FROM coupons WHERE " + rest;
}

Result<std::vector<ListedCoupon>> listed(MysqlRows rows) {
  std::vector<ListedCoupon> page;
  while (rows.next()) {
    const Result<CouponRow> coupon = read_mysql_coupon(rows);
    if (!coupon) return std::unexpected(coupon.error());
    page.push_back({coupon->campaign, coupon->user, coupon->coupon});
  }
  return page;
}

// A user's newest parked claim behind `line_back`, and its position. Only what is behind is looked
// at for it, because no index knows users; who has a verdict stands before the front.
std::string select_place(const std::string& campaign, const std::string& user, Ticket line_back) {
  return "SELECT p.ticket, p.outcome, (SELECT COUNT(*) FROM parked_claims b WHERE b.campaign = "
         "p.campaign AND b.ticket > i.line_front AND b.ticket <= p.ticket) FROM parked_claims p "
         "JOIN issuing i ON i.campaign = p.campaign WHERE p.campaign = " +
         campaign + " AND p.ticket > " + std::to_string(line_back.value) + " AND p.user = " + user +
         " ORDER BY p.ticket DESC LIMIT 1";
}

Result<std::optional<Place>> read_place(MysqlRows& rows) {
  if (!rows.next()) return std::nullopt;
  Place place{.ticket = Ticket{rows.natural(0)}, .position = rows.natural(2)};
  if (rows.is_null(1)) return place;
  const auto outcome = parse_outcome(rows.text(1));
  if (!outcome) return fail(ErrorCode::corrupt, "a parked claim's outcome is none");
  place.outcome = *outcome;
  place.position = 0;
  return place;
}

}  // namespace

MysqlReader::MysqlReader(Options options, MysqlPool& primary,
                         const std::vector<MysqlPool*>& replicas,
                         std::function<std::string()> newest_gtid, const Clock& clock,
                         Metrics::Shard& metrics)
    : options_(options),
      primary_(primary),
      newest_gtid_(std::move(newest_gtid)),
      clock_(clock),
      from_replica_(metrics.counter(reads, reads_help, {{"from", "replica"}})),
      from_primary_(metrics.counter(reads, reads_help, {{"from", "primary"}})),
      replica_late_(metrics.counter(passed_over, passed_over_help, {{"why", "late"}})),
      replica_away_(metrics.counter(passed_over, passed_over_help, {{"why", "away"}})) {
  for (MysqlPool* pool : replicas) replicas_.push_back({pool});
}

Result<std::vector<ListedCoupon>> MysqlReader::coupons_of_campaign(CampaignNumber campaign,
                                                                   Rank after, std::size_t limit) {
  return list(select_coupons("campaign = " + std::to_string(campaign.value) + " AND `rank` > " +
                             std::to_string(after.value) + " ORDER BY `rank` LIMIT " +
                             std::to_string(limit)));
}

Result<std::vector<ListedCoupon>> MysqlReader::coupons_of_user(const UserId& user,
                                                               std::uint64_t after,
                                                               std::size_t limit) {
  const std::string campaign = std::to_string(after >> 32);
  const std::string rank = std::to_string(after & 0xFFFF'FFFFU);
  std::string rest = "user = ";
  append_quoted(rest, user.view());
  // A user's coupons of one campaign are numbered in the order of their ranks.
  rest += " AND (campaign > " + campaign + " OR (campaign = " + campaign + " AND `rank` > " + rank +
          ")) ORDER BY campaign, nth LIMIT " + std::to_string(limit);
  return list(select_coupons(rest));
}

Result<std::vector<ListedCoupon>> MysqlReader::list(const std::string& sql) {
  for (std::size_t asked = 0; asked < replicas_.size(); ++asked) {
    Replica& replica = replicas_[turn_++ % replicas_.size()];
    if (clock_.monotonic() < replica.out_until) continue;
    if (auto rows = ask(replica, sql)) {
      from_replica_.add();
      return listed(std::move(*rows));
    }
  }
  return list_on_primary(sql);
}

Result<UserClaims> MysqlReader::claims_now(CampaignNumber campaign, const UserId& user,
                                           const SeenInLine& seen) {
  const std::string number = std::to_string(campaign.value);
  std::string name;
  append_quoted(name, user.view());
  auto connection = primary_.take();
  if (!connection) return std::unexpected(connection.error());
  // The line before the coupons: who leaves it in between has a coupon by then.
  auto results =
      (*connection)
          ->run(select_place(number, name, seen.back) + "; " +
                select_coupons("user = " + name + " AND campaign = " + number + " ORDER BY nth"));
  if (!results) return std::unexpected(to_read_error(results.error(), "look up claims"));
  from_primary_.add();
  const auto place = read_place(results->front());
  if (!place) return std::unexpected(place.error());
  UserClaims claims{.place = *place ? *place : seen.place};
  MysqlRows& rows = results->back();
  while (rows.next()) {
    const Result<CouponRow> row = read_mysql_coupon(rows);
    if (!row) return std::unexpected(row.error());
    claims.coupons.push_back(row->coupon);
    if (claims.place && claims.place->ticket == row->ticket) claims.place.reset();
  }
  return claims;
}

Result<std::vector<ListedCoupon>> MysqlReader::list_on_primary(const std::string& sql) {
  auto rows = ask_primary(sql);
  if (!rows) return std::unexpected(rows.error());
  from_primary_.add();
  return listed(std::move(*rows));
}

Result<MysqlRows> MysqlReader::ask_primary(const std::string& sql) {
  if (clock_.monotonic() < primary_out_until_) {
    return fail(ErrorCode::unavailable, "MySQL: the primary did not answer a moment ago");
  }
  const auto leave_out = [this] { primary_out_until_ = clock_.monotonic() + options_.away_out; };
  auto connection = primary_.take();
  if (!connection) {
    leave_out();
    return std::unexpected(connection.error());
  }
  auto rows = (*connection)->query(sql);
  if (rows) return std::move(*rows);
  if ((*connection)->is_broken()) leave_out();
  return std::unexpected(to_read_error(rows.error(), "list coupons"));
}

// The primary knows what every server has committed, the others' newest included.
std::string MysqlReader::newest_gtid(const MysqlServer& server) {
  auto rows = ask_primary(newest_gtid_query(server));
  if (rows && rows->next()) return std::string(rows->text(0));
  return newest_gtid_();
}

std::optional<MysqlRows> MysqlReader::ask(Replica& replica, const std::string& sql) {
  const auto leave_out = [&](Counter& why, std::chrono::milliseconds time) {
    why.add();
    replica.out_until = clock_.monotonic() + time;
    return std::nullopt;
  };
  auto connection = replica.pool->take();
  if (!connection) return leave_out(replica_away_, options_.away_out);
  const std::string gtid = newest_gtid((*connection)->server());  // the same kind
  const std::string wait = wait_for_gtid((*connection)->server(), gtid, options_.replica_wait);
  auto results = (*connection)->run(wait + "; " + sql);
  if (!results) return leave_out(replica_away_, options_.away_out);
  MysqlRows& waited = results->front();
  if (!waited.next() || waited.integer_or_null(0) != 0) {
    return leave_out(replica_late_, options_.late_out);
  }
  return std::move(results->back());
}

}  // namespace firstcome
