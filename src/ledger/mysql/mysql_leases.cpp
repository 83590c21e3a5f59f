#include "ledger/mysql/mysql_leases.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "ledger/mysql/mysql_record.hpp"

namespace firstcome {

bool MysqlLeases::runs_line(CampaignNumber campaign) const {
  return mirror_.row(campaign).holder == nodes_.self();
}

bool MysqlLeases::lead(MysqlConnection& connection, IssuingRow& row) {
  if (row.holder == nodes_.self()) return true;
  if (!nodes_.is_gone(connection, row.holder)) return false;
  row.holder = nodes_.self();
  ++row.epoch.value;
  return true;
}

Result<void> MysqlLeases::check(MysqlConnection& connection,
                                std::map<CampaignNumber, IssuingRow>& rows,
                                std::span<const Claim> due, std::span<const Claim> arrivals) {
  bool all_ours = true;
  for (const Claim& claim : due) {
    const IssuingRow& row = rows.at(claim.campaign);
    all_ours &= row.holder == nodes_.self() && claim.ticket.value > row.line_front;
  }
  for (auto& [campaign, row] : rows) {
    const auto from_elsewhere = [&](const Claim& claim) {
      return claim.campaign == campaign && claim.reply_to.desk == ReplyTo::elsewhere;
    };
    if (std::ranges::none_of(arrivals, from_elsewhere) || lead(connection, row)) continue;
    mirror_.note_led_elsewhere(campaign);
    all_ours = false;
  }
  if (all_ours) return {};
  return fail(ErrorCode::conflict, "another server leads the campaign");
}

MysqlResult<void> MysqlLeases::take_orphans(MysqlConnection& connection) {
  std::vector<IssuingRow> orphans;
  mirror_.for_each([&](const Campaign&, const IssuingRow& row) {
    if (row.line_front < row.line_back && !nodes_.is_there(row.holder)) orphans.push_back(row);
  });
  for (IssuingRow row : orphans) {
    if (!nodes_.is_gone(connection, row.holder)) continue;
    const std::string of_row = " WHERE campaign = " + std::to_string(row.campaign.value) +
                               " AND epoch = " + std::to_string(row.epoch.value);
    ++row.epoch.value;
    row.holder = nodes_.self();
    auto taken = connection.run("UPDATE issuing SET epoch = " + std::to_string(row.epoch.value) +
                                ", holder = " + std::to_string(row.holder) +
                                ", touched_at = " + std::string(mysql_now_ms) + of_row);
    if (!taken) return std::unexpected(taken.error());
    if (taken->back().affected() == 1) mirror_.note_lease(row);
  }
  return {};
}

}  // namespace firstcome
