#include "ledger/mysql/mysql_batch.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "ledger/mysql/mysql_text.hpp"

namespace firstcome {
namespace {

// One text of a thousand rows is a few hundred KiB; more at once brings nothing.
constexpr std::size_t size_aim = 1U << 20;
// Measured: with ten rows a text of its own is as quick as a further round trip, with thirty
// slower.
constexpr std::size_t bulk_rows_min = 24;
// Of a coupon in a bulk: two texts of 64 bytes, a code and seven numbers, with what tells their
// sizes.
constexpr std::size_t row_size_max = 256;

// Statements gathered into texts of a bounded size.
class Texts {
 public:
  explicit Texts(std::size_t size_max) : size_max_(std::min(size_max, size_aim)) {}

  // `head` (…), (…), … — begun anew in the next text where this one is full.
  template <class Row, class Append>
  void insert(const std::string& head, std::span<const Row> rows, Append append) {
    bool begun = false;
    for (const Row& row : rows) {
      value_.clear();
      append(value_, row);
      if (begun && text_.size() + value_.size() + 1 > size_max_) {
        cut();
        begun = false;
      }
      text_.append(begun ? "," : head).append(value_);
      begun = true;
    }
    if (begun) text_.append(";");
  }

  void add(const std::string& statement) {
    if (!text_.empty() && text_.size() + statement.size() + 1 > size_max_) cut();
    text_.append(statement).append(";");
  }

  [[nodiscard]] std::vector<std::string> finish() && {
    texts_.push_back(std::move(text_));
    return std::move(texts_);
  }

 private:
  void cut() { texts_.push_back(std::exchange(text_, {})); }

  std::size_t size_max_;
  std::string text_;
  std::string value_;
  std::vector<std::string> texts_;
};

// "campaign = 3 AND ticket IN (1,2,3)" of each campaign and outcome
void add_settlements(Texts& texts, const std::vector<Settlement>& settled) {
  std::map<std::pair<std::uint32_t, Outcome>, std::string> tickets;
  for (const Settlement& one : settled) {
    std::string& list = tickets[{one.campaign.value, one.outcome}];
    if (!list.empty()) list.push_back(',');
    list.append(std::to_string(one.ticket.value));
  }
  for (const auto& [of, list] : tickets) {
    const std::string where =
        " WHERE campaign = " + std::to_string(of.first) + " AND ticket IN (" + list + ")";
    if (of.second == Outcome::issued) {
      texts.add("DELETE FROM parked_claims" + where);
    } else {
      texts.add("UPDATE parked_claims SET outcome = '" + std::string(to_string(of.second)) + "'" +
                where);
    }
  }
}

std::string equals(std::string_view column, std::uint64_t value) {
  return std::string(column).append(" = ").append(std::to_string(value));
}

// "epoch = 1 AND holder = 7 AND …": nobody has moved the row since.
std::string is_still(const IssuingRow& row) {
  return equals("epoch", row.epoch.value) + " AND " + equals("holder", row.holder) + " AND " +
         equals("issued", row.issued) + " AND " + equals("tickets", row.tickets) + " AND " +
         equals("line_front", row.line_front) + " AND " + equals("line_back", row.line_back) +
         " AND " + equals("change_seq", row.change_seq);
}

// A column that must not be NULL stops the text where the row is not as presumed. It comes first:
// the expressions behind it see what it has set.
std::string update_of(const IssuingRow& row, const IssuingRow* presumed) {
  const auto set = [](std::string_view column, std::uint64_t value) {
    return equals(column, value) + ", ";
  };
  const std::string issued = std::to_string(row.issued);
  return "UPDATE issuing SET issued = " +
         (presumed == nullptr ? issued : "IF(" + is_still(*presumed) + ", " + issued + ", NULL)") +
         ", " + set("epoch", row.epoch.value) + set("holder", row.holder) +
         set("tickets", row.tickets) + set("line_front", row.line_front) +
         set("line_back", row.line_back) + "touched_at = " + std::string(mysql_now_ms) +
         " WHERE campaign = " + std::to_string(row.campaign.value);
}

// Fails where a campaign has no row, which no condition on it would notice, and where the number
// was given up meanwhile: see MysqlLedger::landed().
std::string mark_text(CommitMark mark, std::span<const IssuingRow> issuing) {
  std::string campaigns;
  for (const IssuingRow& row : issuing) {
    campaigns.append(campaigns.empty() ? "" : ",").append(std::to_string(row.campaign.value));
  }
  const std::string number = std::to_string(mark.number);
  return "INSERT INTO commits (node, number) SELECT " + std::to_string(mark.node) +
         ", IF(COUNT(*) = " + std::to_string(issuing.size()) + ", " + number +
         ", NULL) FROM issuing WHERE campaign IN (" + campaigns +
         ") ON DUPLICATE KEY UPDATE number = IF(commits.number < " + number + ", " + number +
         ", NULL)";
}

std::string insert_into(std::string_view table, std::string_view columns) {
  return "INSERT INTO " + std::string(table) + " (" + std::string(columns) + ") VALUES ";
}

}  // namespace

std::vector<std::string> batch_texts(std::span<const CouponRow> coupons, const BatchRows& rows,
                                     const BatchFrame& frame) {
  Texts texts(frame.size_max);
  if (frame.begins) texts.add("START TRANSACTION");
  for (std::size_t i = 0; i < frame.issuing.size(); ++i) {
    texts.add(update_of(frame.issuing[i], frame.presumed.empty() ? nullptr : &frame.presumed[i]));
  }
  texts.insert(insert_into("coupons", mysql_coupon_columns), coupons, append_coupon_values);
  texts.insert(insert_into("parked_claims", mysql_parked_columns), std::span(rows.parked),
               append_parked_values);
  add_settlements(texts, rows.settled);
  texts.add(mark_text(frame.mark, frame.issuing));
  texts.add(frame.chains ? "COMMIT AND CHAIN" : "COMMIT");
  return std::move(texts).finish();
}

bool moved_since(const MysqlError& error) {
  return error.number == 1048;  // ER_BAD_NULL_ERROR
}

bool is_bulk(const MysqlConnection& connection, std::size_t coupons) {
  return connection.has_bulk() && coupons >= bulk_rows_min;
}

MysqlResult<std::span<const CouponRow>> insert_in_bulk(MysqlConnection& connection,
                                                       std::span<const CouponRow> coupons) {
  if (!is_bulk(connection, coupons.size())) return coupons;
  static const std::string sql = insert_into("coupons", mysql_coupon_columns) + "(" +
                                 std::string(mysql_coupon_parameters) + ")";
  const std::size_t rows_max = std::max<std::size_t>(1, connection.text_size_max() / row_size_max);
  while (!coupons.empty()) {
    const std::span<const CouponRow> part = coupons.first(std::min(coupons.size(), rows_max));
    if (auto done = connection.insert(sql, mysql_bulk_of(part)); !done) {
      return std::unexpected(done.error());
    }
    coupons = coupons.subspan(part.size());
  }
  return coupons;
}

std::string lock_issuing(std::span<const CampaignNumber> campaigns) {
  std::string list;
  for (const CampaignNumber number : campaigns) {
    if (!list.empty()) list.push_back(',');
    list.append(std::to_string(number.value));
  }
  return "SELECT " + std::string(mysql_issuing_columns) + " FROM issuing WHERE campaign IN (" +
         list + ") ORDER BY campaign FOR UPDATE";
}

std::vector<CampaignNumber> campaigns_of(std::span<const Claim> due,
                                         std::span<const Claim> arrivals) {
  std::vector<CampaignNumber> numbers;
  for (const auto claims : {due, arrivals}) {
    for (const Claim& claim : claims) {
      if (numbers.empty() || numbers.back() != claim.campaign) numbers.push_back(claim.campaign);
    }
  }
  std::ranges::sort(numbers);
  const auto repeats = std::ranges::unique(numbers);
  numbers.erase(repeats.begin(), repeats.end());
  return numbers;
}

}  // namespace firstcome
