#include "ledger/mysql/mysql_mirror.hpp"

#include <algorithm>
#include <set>

#include "core/check.hpp"
#include "ledger/mysql/mysql_coupon_pages.hpp"
#include "ledger/mysql/mysql_loss.hpp"

namespace firstcome {
namespace {

constexpr std::size_t page_rows = 20'000;
// Read before they are added, while the memory that they go to comes.
constexpr std::size_t rows_ahead = 32;
// Transactions do not end in the order of their clocks: how far back to look, in ms. Longer than
// any transaction may take.
constexpr std::int64_t overlap_ms = 15'000;

std::string select(std::string_view columns, std::string_view rest) {
  return "SELECT " + std::string(columns) + " " + std::string(rest);
}

std::string of_campaign(CampaignNumber number) {
  return "campaign = " + std::to_string(number.value);
}

// ticket > `after` AND ticket <= `last`
std::string tickets_between(std::uint64_t after, std::uint64_t last) {
  return " AND ticket > " + std::to_string(after) + " AND ticket <= " + std::to_string(last);
}

Result<MysqlRows> read(MysqlConnection& connection, const std::string& sql) {
  auto rows = connection.query(sql);
  if (!rows) return std::unexpected(to_read_error(rows.error(), "read the ledger"));
  return std::move(*rows);
}

}  // namespace

MysqlMirror::MysqlMirror(CouponCodes codes, const Fingerprints& fingerprints)
    : fingerprints_(fingerprints), index_(std::make_unique<CouponIndex>(codes)) {}

Result<void> MysqlMirror::load(MysqlConnection& connection) {
  if (auto ok = follow_campaigns(connection); !ok) return ok;
  CampaignNumber campaign{};
  Rank rank{};
  while (true) {
    auto rows = read_coupons_behind(connection, campaign, rank);
    if (!rows) return std::unexpected(to_read_error(rows.error(), "read the ledger"));
    if (rows->size() == 0) break;
    if (auto ok = add_coupons(*rows, rows->size()); !ok) return ok;
    campaign.value = static_cast<std::uint32_t>(rows->integer(0));
    rank.value = static_cast<std::uint32_t>(rows->integer(1));
  }
  return follow_issuing(connection, Look::all);
}

// The next `count` rows.
Result<void> MysqlMirror::add_coupons(MysqlRows& rows, std::size_t count) {
  std::vector<CouponRow> coupons;
  while (count > 0) {
    coupons.clear();
    for (; count > 0 && coupons.size() < rows_ahead; --count) {
      CHECK(rows.next(), "a result has as many rows as it says");
      Result<CouponRow> coupon = read_mysql_coupon(rows);
      if (!coupon) return std::unexpected(coupon.error());
      coupon->identity = fingerprints_.of(coupon->user, coupon->key);
      index_->prefetch(coupon->campaign, coupon->identity.user);
      coupons.push_back(*std::move(coupon));
    }
    if (auto ok = add_coupons(coupons); !ok) return ok;
  }
  return {};
}

Result<void> MysqlMirror::add_coupons(std::span<const CouponRow> coupons) {
  for (const CouponRow& coupon : coupons) {
    const std::uint32_t number = coupon.campaign.value;
    const auto corrupt = [&](const std::string& what) {
      return fail(ErrorCode::corrupt, "coupons, campaign " + std::to_string(number) + ", rank " +
                                          std::to_string(coupon.coupon.rank.value) + ": " + what);
    };
    if (number == 0 || number > known_.size()) {
      // Made since the campaigns were read; the next look finds both.
      continue;
    }
    auto added =
        index_->add(coupon.campaign, coupon.identity, coupon.coupon, coupon.coupon.rank.value);
    if (!added) return corrupt(added.error().message);
    Known& known = at(coupon.campaign);
    known.campaign.issued = known.row.issued = coupon.coupon.rank.value;
    note_news(known);
  }
  return {};
}

Result<void> MysqlMirror::load_lines(MysqlConnection& connection,
                                     const std::function<void(const ParkedClaim&)>& visit) {
  const std::string parked = select(mysql_parked_columns, "FROM parked_claims");
  const std::string issuing = select(mysql_issuing_columns, "FROM issuing");
  auto results = connection.run(
      "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT "
      "SNAPSHOT; " +
      parked + " ORDER BY campaign, ticket; " + issuing + "; COMMIT");
  if (!results) return std::unexpected(to_read_error(results.error(), "read the lines"));
  lines_.clear();
  for (MysqlRows& rows = (*results)[2]; rows.next();) {
    const Result<ParkedClaim> claim = read_mysql_parked(rows);
    if (!claim) return std::unexpected(claim.error());
    // Of a campaign made since the campaigns were read: the next look finds both.
    if (claim->claim.campaign.value > known_.size()) continue;
    if (claim->outcome == Outcome::queued) {
      lines_[claim->claim.campaign.value].push_back(claim->claim.ticket);
    }
    visit(*claim);
  }
  for (MysqlRows& rows = (*results)[3]; rows.next();) {
    const IssuingRow row = read_mysql_issuing(rows);
    if (row.campaign.value > known_.size()) continue;
    Known& known = at(row.campaign);
    known.row.line_front = row.line_front;
    known.row.line_back = row.line_back;
  }
  news_.parked.clear();  // they were visited
  news_.settled.clear();
  return {};
}

Result<void> MysqlMirror::follow_campaigns(MysqlConnection& connection) {
  auto rows = read(connection, select(mysql_campaign_columns, "FROM campaigns WHERE change_seq > " +
                                                                  std::to_string(change_seq_) +
                                                                  " ORDER BY number"));
  if (!rows) return std::unexpected(rows.error());
  std::uint64_t newest = change_seq_;
  while (rows->next()) {
    const Campaign campaign = read_mysql_campaign(*rows);
    const std::uint64_t change = rows->natural(13);
    if (campaign.number.value > known_.size() + 1) {
      return fail(ErrorCode::corrupt, "campaigns are not numbered 1, 2, 3, …");
    }
    const bool is_new = campaign.number.value > known_.size();
    if (!is_new && at(campaign.number).campaign.id != campaign.id) {
      return std::unexpected(loss("of campaign '" + at(campaign.number).campaign.id.str() +
                                  "' (its number is another's)"));
    }
    keep(campaign, change);
    newest = std::max(newest, change);
  }
  change_seq_ = newest;
  return {};
}

Result<void> MysqlMirror::follow_issuing(MysqlConnection& connection, Look look) {
  // All, too, as long as a clock that was set back is behind what it has said.
  const std::string newest = " WHERE touched_at >= " + std::to_string(touched_at_ - overlap_ms) +
                             " OR " + std::string(mysql_now_ms) + " < " +
                             std::to_string(touched_at_);
  auto rows = read(connection, select(mysql_issuing_columns,
                                      "FROM issuing" + (look == Look::all ? "" : newest)));
  if (!rows) return std::unexpected(rows.error());
  std::vector<IssuingRow> seen;
  while (rows->next()) seen.push_back(read_mysql_issuing(*rows));
  // First, because what is read after these rows may be newer than they are.
  if (auto ok = check_not_lost(seen, look); !ok) return ok;
  // Made since the campaigns were read: the next look finds both.
  std::erase_if(seen, [this](const IssuingRow& row) { return row.campaign.value > known_.size(); });
  for (const IssuingRow& row : seen) {
    if (auto ok = read_missing(connection, row); !ok) return ok;
    touched_at_ = std::max(touched_at_, row.touched_at);
  }
  return {};
}

Result<void> MysqlMirror::check_not_lost(std::span<const IssuingRow> rows, Look look) const {
  std::vector<bool> is_there(known_.size(), look == Look::newest);
  for (const IssuingRow& row : rows) {
    if (row.campaign.value > known_.size()) continue;
    const Known& known = known_[row.campaign.value - 1];
    if (auto lost = loss(known.campaign.id, known.row, row)) return std::unexpected(*lost);
    is_there[row.campaign.value - 1] = true;
  }
  const auto missing = std::ranges::find(is_there, false);
  if (missing == is_there.end()) return {};
  const Known& known = known_[static_cast<std::size_t>(missing - is_there.begin())];
  return std::unexpected(loss("of campaign '" + known.campaign.id.str() + "' (all of it)"));
}

Result<void> MysqlMirror::catch_up(MysqlConnection& connection, const IssuingRow& row) {
  if (auto ok = check_not_lost(std::span(&row, 1), Look::newest); !ok) return ok;
  return read_missing(connection, row);
}

Result<void> MysqlMirror::read_missing(MysqlConnection& connection, const IssuingRow& row) {
  Known& known = at(row.campaign);
  if (row.issued > known.row.issued) {
    if (auto ok = read_coupons(connection, row); !ok) return ok;
  }
  if (row.line_back > known.row.line_back) {
    if (auto ok = read_line_back(connection, row); !ok) return ok;
  }
  if (row.line_front > known.row.line_front) {
    if (auto ok = read_line_front(connection, row); !ok) return ok;
  }
  if (row.change_seq > known.row.change_seq) {
    if (auto ok = read_campaign(connection, row); !ok) return ok;
  }
  known.row.tickets = std::max(known.row.tickets, row.tickets);
  note_lease(row);
  return {};
}

Result<void> MysqlMirror::read_campaign(MysqlConnection& connection, const IssuingRow& row) {
  auto rows =
      read(connection, select(mysql_campaign_columns, "FROM campaigns WHERE number = " +
                                                          std::to_string(row.campaign.value)));
  if (!rows) return std::unexpected(rows.error());
  if (!rows->next()) return fail(ErrorCode::corrupt, "a campaign has gone from the ledger");
  // One that was changed after that row waits for the coupons that came before the change.
  if (rows->natural(13) <= row.change_seq) keep(read_mysql_campaign(*rows), rows->natural(13));
  return {};
}

Result<void> MysqlMirror::read_coupons(MysqlConnection& connection, const IssuingRow& row) {
  Known& known = at(row.campaign);
  while (known.row.issued < row.issued) {
    auto rows = read(connection, select(mysql_coupon_columns,
                                        "FROM coupons WHERE " + of_campaign(row.campaign) +
                                            " AND `rank` >= " + std::to_string(known.row.issued) +
                                            " AND `rank` <= " + std::to_string(row.issued) +
                                            " ORDER BY `rank` LIMIT " + std::to_string(page_rows)));
    if (!rows) return std::unexpected(rows.error());
    const std::size_t repeated = known.row.issued > 0 ? 1 : 0;
    if (auto ok = repeated == 0 ? Result<void>{} : check_newest(*rows, known); !ok) return ok;
    if (rows->size() <= repeated) {
      return fail(ErrorCode::corrupt, "campaign " + std::to_string(row.campaign.value) +
                                          " has issued " + std::to_string(row.issued) +
                                          ", but rank " + std::to_string(known.row.issued + 1) +
                                          " is missing");
    }
    if (auto ok = add_coupons(*rows, rows->size() - repeated); !ok) return ok;
  }
  return {};
}

// The first row is the newest coupon that is known: one that was lost may have gone to somebody
// else since, and the counters past it.
Result<void> MysqlMirror::check_newest(MysqlRows& rows, const Known& known) const {
  Result<CouponRow> row;
  if (rows.next()) row = read_mysql_coupon(rows);
  if (!row) return std::unexpected(row.error());
  const auto is_same = [&](const CouponIndex::Held& held) {
    return held.campaign == known.campaign.number && held.coupon.rank.value == known.row.issued &&
           held.coupon.rank == row->coupon.rank && held.coupon.issued_at == row->coupon.issued_at;
  };
  if (std::ranges::any_of(index_->held_by(fingerprints_.of(row->user)), is_same)) return {};
  return std::unexpected(loss("of campaign '" + known.campaign.id.str() + "' (rank " +
                              std::to_string(known.row.issued) + " is not what it was)"));
}

Result<void> MysqlMirror::read_line_back(MysqlConnection& connection, const IssuingRow& row) {
  Known& known = at(row.campaign);
  auto rows = read(connection, select(mysql_parked_columns,
                                      "FROM parked_claims WHERE " + of_campaign(row.campaign) +
                                          tickets_between(known.row.line_back, row.line_back) +
                                          " ORDER BY ticket"));
  if (!rows) return std::unexpected(rows.error());
  while (rows->next()) {
    Result<ParkedClaim> parked = read_mysql_parked(*rows);
    if (!parked) return std::unexpected(parked.error());
    parked->claim.identity = fingerprints_.of(parked->claim.user, parked->claim.key);
    lines_[row.campaign.value].push_back(parked->claim.ticket);
    news_.parked.push_back(parked->claim);
  }
  known.row.line_back = row.line_back;
  return {};
}

Result<void> MysqlMirror::read_line_front(MysqlConnection& connection, const IssuingRow& row) {
  Known& known = at(row.campaign);
  auto rows = read(connection, select(mysql_parked_columns,
                                      "FROM parked_claims WHERE " + of_campaign(row.campaign) +
                                          tickets_between(known.row.line_front, row.line_front) +
                                          " AND outcome IS NOT NULL"));
  if (!rows) return std::unexpected(rows.error());
  std::unordered_map<std::uint64_t, Outcome> losers;
  while (rows->next()) {
    const Result<ParkedClaim> parked = read_mysql_parked(*rows);
    if (!parked) return std::unexpected(parked.error());
    losers.emplace(parked->claim.ticket.value, parked->outcome);
  }
  std::deque<Ticket>& line = lines_[row.campaign.value];
  while (!line.empty() && line.front().value <= row.line_front) {
    const auto lost = losers.find(line.front().value);
    news_.settled.push_back(
        {row.campaign, line.front(), lost == losers.end() ? Outcome::issued : lost->second});
    line.pop_front();
  }
  known.row.line_front = row.line_front;
  return {};
}

void MysqlMirror::add_own(const BatchRows& rows, std::span<const IssuingRow> issuing) {
  for (const CouponRow& row : rows.coupons) {
    const auto added = index_->add(row.campaign, row.identity, row.coupon, row.coupon.rank.value);
    CHECK(added, "the index refused a committed coupon");
    Known& known = at(row.campaign);
    known.campaign.issued = known.row.issued = row.coupon.rank.value;
  }
  for (const Claim& claim : rows.parked) lines_[claim.campaign.value].push_back(claim.ticket);
  for (const Settlement& settlement : rows.settled) {
    std::deque<Ticket>& line = lines_[settlement.campaign.value];
    CHECK(!line.empty() && line.front() == settlement.ticket, "settled out of the line's order");
    line.pop_front();
  }
  for (const IssuingRow& row : issuing) {
    note_lease(row);
    IssuingRow& known = at(row.campaign).row;
    const std::uint64_t change_seq = known.change_seq;
    known = row;
    known.change_seq = change_seq;
  }
}

void MysqlMirror::add_own(const Campaign& campaign, std::uint64_t change_seq) {
  keep(campaign, change_seq);
  change_seq_ = std::max(change_seq_, change_seq);
}

const Campaign& MysqlMirror::campaign(CampaignNumber number) const {
  return const_cast<MysqlMirror*>(this)->at(number).campaign;
}

const Campaign* MysqlMirror::find(const CampaignId& id) const {
  const auto found = numbers_.find(id.str());
  return found == numbers_.end() ? nullptr : &campaign(found->second);
}

const IssuingRow& MysqlMirror::row(CampaignNumber number) const {
  return const_cast<MysqlMirror*>(this)->at(number).row;
}

void MysqlMirror::for_each(
    const std::function<void(const Campaign&, const IssuingRow&)>& visit) const {
  for (const Known& known : known_) visit(known.campaign, known.row);
}

void MysqlMirror::note_lease(const IssuingRow& row) {
  IssuingRow& known = at(row.campaign).row;
  if (row.epoch <= known.epoch) return;
  known.epoch = row.epoch;
  known.holder = row.holder;
  news_.lines.push_back(row.campaign);
}

MysqlMirror::Known& MysqlMirror::at(CampaignNumber number) {
  CHECK(number.value >= 1 && number.value <= known_.size(), "no campaign has this number");
  return known_[number.value - 1];
}

// `issued` stays as far as the coupons were read.
void MysqlMirror::keep(const Campaign& campaign, std::uint64_t change_seq) {
  if (campaign.number.value > known_.size()) {
    known_.push_back({.campaign = campaign, .row = {.campaign = campaign.number}});
    numbers_.emplace(campaign.id.str(), campaign.number);
  }
  Known& known = at(campaign.number);
  if (change_seq <= known.row.change_seq) return;
  known.campaign.settings = campaign.settings;
  known.row.change_seq = change_seq;
  note_news(known);
}

void MysqlMirror::note_news(const Known& known) {
  const CampaignNumber number = known.campaign.number;
  if (news_.campaigns.empty() || news_.campaigns.back() != number) {
    news_.campaigns.push_back(number);
  }
}

News MysqlMirror::take_news() {
  std::ranges::sort(news_.campaigns);
  const auto repeats = std::ranges::unique(news_.campaigns);
  news_.campaigns.erase(repeats.begin(), repeats.end());
  return std::exchange(news_, {});
}

}  // namespace firstcome
