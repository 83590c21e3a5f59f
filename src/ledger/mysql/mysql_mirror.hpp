#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/coupon_index.hpp"
#include "ledger/ledger.hpp"
#include "ledger/mysql/mysql_connection.hpp"
#include "ledger/mysql/mysql_record.hpp"

// What this server knows of the ledger: campaigns, who has which coupon, where the lines stand. It
// follows the ledger like a log: ranks have no gaps and tickets rise, so a campaign's row in
// `issuing` says what is missing, and only that is read. What it comes across that others did is
// kept as news. It is never ahead of the ledger, and whoever holds the row's lock and has caught up
// with it is not behind either. A ledger that has gone back is corrupt: see mysql_loss.hpp.
//
// Settings are told with all coupons that were committed before them: who won before a pause is
// not told of the pause. So whoever calls follow_campaigns() calls follow_issuing() next.
//
// Thread rule: the issuing thread, but index(), which any thread may ask.

namespace firstcome {

class MysqlMirror {
 public:
  // `fingerprints` outlive the mirror.
  MysqlMirror(CouponCodes codes, const Fingerprints& fingerprints);

  // Everything, from nothing. Error: as the server says, or corrupt.
  [[nodiscard]] Result<void> load(MysqlConnection& connection);

  // The parked claims of all campaigns, in ticket order within each; from then on their lines are
  // followed.
  [[nodiscard]] Result<void> load_lines(MysqlConnection& connection,
                                        const std::function<void(const ParkedClaim&)>& visit);

  // Campaigns that were made or changed since.
  [[nodiscard]] Result<void> follow_campaigns(MysqlConnection& connection);

  // Rows of `issuing` that were written since, or all of them: where the connection may lead to
  // another database than before, which may not have all that the last one had.
  enum class Look : std::uint8_t { newest, all };
  [[nodiscard]] Result<void> follow_issuing(MysqlConnection& connection, Look look);

  // All that this row of `issuing` says is there and is not known yet.
  [[nodiscard]] Result<void> catch_up(MysqlConnection& connection, const IssuingRow& row);

  // What this server has just committed, and the row as it left it. No news.
  void add_own(const BatchRows& rows, std::span<const IssuingRow> issuing);
  void add_own(const Campaign& campaign, std::uint64_t change_seq);

  // Valid as long as the mirror; their settings and `issued` move on.
  [[nodiscard]] const Campaign& campaign(CampaignNumber number) const;
  [[nodiscard]] const Campaign* find(const CampaignId& id) const;
  [[nodiscard]] std::size_t size() const { return known_.size(); }
  // Every change of a campaign up to this one is known.
  [[nodiscard]] std::uint64_t change_seq() const { return change_seq_; }
  [[nodiscard]] const IssuingRow& row(CampaignNumber number) const;
  void for_each(const std::function<void(const Campaign&, const IssuingRow&)>& visit) const;

  // Another server leads this campaign.
  void note_led_elsewhere(CampaignNumber number) { news_.led_elsewhere.push_back(number); }

  // Who holds the campaign's lease, by a row that is or was in `issuing`.
  void note_lease(const IssuingRow& row);

  // `lines` are those whose lease has come to somebody else, whoever that is.
  [[nodiscard]] News take_news();

  [[nodiscard]] const CouponIndex& index() const { return *index_; }

 private:
  struct Known {
    Campaign campaign{};
    IssuingRow row{};  // as far as it was followed
  };

  [[nodiscard]] Known& at(CampaignNumber number);
  void keep(const Campaign& campaign, std::uint64_t change_seq);
  void note_news(const Known& known);
  [[nodiscard]] Result<void> add_coupons(MysqlRows& rows, std::size_t count);
  [[nodiscard]] Result<void> add_coupons(std::span<const CouponRow> coupons);
  [[nodiscard]] Result<void> check_not_lost(std::span<const IssuingRow> rows, Look look) const;
  [[nodiscard]] Result<void> check_newest(MysqlRows& rows, const Known& known) const;
  [[nodiscard]] Result<void> read_missing(MysqlConnection& connection, const IssuingRow& row);
  [[nodiscard]] Result<void> read_campaign(MysqlConnection& connection, const IssuingRow& row);
  [[nodiscard]] Result<void> read_coupons(MysqlConnection& connection, const IssuingRow& row);
  [[nodiscard]] Result<void> read_line_back(MysqlConnection& connection, const IssuingRow& row);
  [[nodiscard]] Result<void> read_line_front(MysqlConnection& connection, const IssuingRow& row);

  const Fingerprints& fingerprints_;
  std::unique_ptr<CouponIndex> index_;
  std::deque<Known> known_;  // number n at n - 1
  std::unordered_map<std::string, CampaignNumber> numbers_;
  std::unordered_map<std::uint32_t, std::deque<Ticket>> lines_;  // who waits, of each campaign
  std::uint64_t change_seq_ = 0;
  std::int64_t touched_at_ = 0;
  News news_;
};

}  // namespace firstcome
