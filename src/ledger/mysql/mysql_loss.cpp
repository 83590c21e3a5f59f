#include "ledger/mysql/mysql_loss.hpp"

namespace firstcome {

std::optional<Error> loss(const CampaignId& campaign, const IssuingRow& known,
                          const IssuingRow& row) {
  std::string fallen;
  const auto compare = [&](std::string_view word, std::uint64_t before, std::uint64_t now) {
    if (now >= before) return;
    fallen.append(fallen.empty() ? "" : ", ").append(word).append(" ");
    fallen.append(std::to_string(before)).append(" → ").append(std::to_string(now));
  };
  compare("issued", known.issued, row.issued);
  compare("tickets", known.tickets, row.tickets);
  compare("end of the line", known.line_back, row.line_back);
  compare("front of the line", known.line_front, row.line_front);
  compare("epoch", known.epoch.value, row.epoch.value);
  compare("settings of change", known.change_seq, row.change_seq);
  if (fallen.empty()) return std::nullopt;
  return loss("of campaign '" + campaign.str() + "' (" + fallen + ")");
}

Error loss(const std::string& what) {
  return {ErrorCode::corrupt,
          "MySQL: the database has lost what it had committed " + what +
              ": did a server take over that did not have it, or was a backup restored? "
              "Semi-synchronous replication with wait point AFTER_SYNC prevents the first "
              "(semi_sync=required in the URL)"};
}

}  // namespace firstcome
