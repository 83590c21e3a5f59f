#include "ledger/mysql/mysql_change.hpp"

#include "core/check.hpp"
#include "ledger/campaign_staging.hpp"
#include "ledger/mysql/mysql_batch.hpp"
#include "ledger/mysql/mysql_loss.hpp"

namespace firstcome {
namespace {

std::unexpected<Error> failed(const MysqlError& error) {
  return std::unexpected(to_read_error(error, "change a campaign"));
}

// Writes the campaigns as changes `change_seq` + 1, … and commits.
std::string change_text(std::span<const Campaign> campaigns, std::uint64_t change_seq) {
  std::string sql;
  for (const Campaign& campaign : campaigns) {
    ++change_seq;
    sql += "REPLACE INTO campaigns (" + std::string(mysql_campaign_columns) + ") VALUES ";
    append_campaign_values(sql, campaign, change_seq);
    const std::string number = std::to_string(campaign.number.value);
    const std::string seq = std::to_string(change_seq);
    const std::string now(mysql_now_ms);
    sql += "; INSERT INTO issuing (" + std::string(mysql_issuing_columns) + ") VALUES (" + number +
           ", 1, 0, 0, 0, 0, 0, " + seq + ", " + now +
           ") ON DUPLICATE KEY UPDATE change_seq = " + seq + ", touched_at = " + now + "; ";
  }
  return sql + "UPDATE meta SET value = '" + std::to_string(change_seq) +
         "' WHERE name = 'changes'; COMMIT";
}

// Takes the locks, and reads what others did. -> the number of the newest change
Result<std::uint64_t> lock(MysqlConnection& connection, MysqlMirror& mirror,
                           std::span<const CampaignChange> changes) {
  auto last = connection.query(
      "START TRANSACTION; SELECT value FROM meta WHERE name = 'changes' FOR UPDATE");
  if (!last) return failed(last.error());
  CHECK(last->next(), "the schema has a counter of changes");
  const std::uint64_t change_seq = last->natural(0);
  if (change_seq < mirror.change_seq()) {
    return std::unexpected(loss("of the campaigns (change " + std::to_string(mirror.change_seq()) +
                                " → " + std::to_string(change_seq) + ")"));
  }
  if (auto ok = mirror.follow_campaigns(connection); !ok) return std::unexpected(ok.error());
  auto followed = mirror.follow_issuing(connection, MysqlMirror::Look::newest);
  if (!followed) return std::unexpected(followed.error());
  std::vector<CampaignNumber> numbers;
  for (const CampaignChange& one : changes) {
    if (const Campaign* known = mirror.find(one.id)) numbers.push_back(known->number);
  }
  if (numbers.empty()) return change_seq;
  auto rows = connection.query(lock_issuing(numbers));
  if (!rows) return failed(rows.error());
  while (rows->next()) {
    const auto caught_up = mirror.catch_up(connection, read_mysql_issuing(*rows));
    if (!caught_up) return std::unexpected(caught_up.error());
  }
  return change_seq;
}

}  // namespace

Result<std::vector<Result<Ledger::Changed>>> change_campaigns(
    MysqlConnection& connection, MysqlMirror& mirror, std::span<const CampaignChange> changes) {
  Result<std::uint64_t> change_seq = lock(connection, mirror, changes);
  if (!change_seq) return std::unexpected(change_seq.error());
  CampaignStaging staging([&](const CampaignId& id) { return mirror.find(id); },
                          CampaignNumber{static_cast<std::uint32_t>(mirror.size() + 1)});
  std::vector<Result<Ledger::Changed>> results;
  for (const CampaignChange& one : changes) results.push_back(staging.stage(one));
  if (staging.changed().empty()) return results;
  if (auto done = connection.run(change_text(staging.changed(), *change_seq)); !done) {
    if (!done.error().commit_may_have_landed()) return failed(done.error());
    connection.abandon();
    return fail(ErrorCode::unknown, to_error(done.error(), "change a campaign").message);
  }
  for (const Campaign& campaign : staging.changed()) mirror.add_own(campaign, ++*change_seq);
  return results;
}

}  // namespace firstcome
