#include "verify/sources.hpp"

#include <fstream>

namespace firstcome {
namespace {

Result<void> add_unsettled(Facts& facts, LedgerAudit& audit, const CampaignId& campaign) {
  const auto count = audit.unsettled_count(campaign);
  if (!count) return std::unexpected(count.error());
  facts.set_unsettled(campaign.view(), *count);
  return {};
}

Result<void> add_campaigns(Facts& facts, LedgerAudit& audit) {
  const auto campaigns = audit.campaigns();
  if (!campaigns) return std::unexpected(campaigns.error());
  for (const AuditedCampaign& campaign : *campaigns) {
    const CampaignSettings& settings = campaign.settings;
    if (!facts.wants(campaign.id.view())) continue;
    facts.add_campaign(
        campaign.id.view(),
        {.stock = settings.stock, .per_user = settings.per_user, .paused = settings.paused});
    if (auto added = add_unsettled(facts, audit, campaign.id); !added) return added;
  }
  return {};
}

}  // namespace

Result<void> add_history(Facts& facts, const std::string& path) {
  std::ifstream in(path);
  if (!in) return fail(ErrorCode::unavailable, "cannot read the history " + path);
  facts.begin_file(path);
  const auto read = read_history(in, [&](const Attempt& attempt) { facts.add(attempt); });
  if (!read) return fail(read.error().code, path + ": " + read.error().message);
  return {};
}

Result<void> add_ledger(Facts& facts, LedgerAudit& audit) {
  if (auto added = add_campaigns(facts, audit); !added) return added;
  return audit.for_each_coupon([&](const AuditedCoupon& coupon) { facts.add(coupon); });
}

}  // namespace firstcome
