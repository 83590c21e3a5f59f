#include "ledger/campaign_staging.hpp"

#include <utility>

namespace firstcome {
namespace {

// What a change starts from: a patch from all that is there, a put from the defaults; a put does
// not end a pause.
CampaignSettings base_of(const Campaign* present, CampaignChange::Kind kind) {
  if (present == nullptr) return {};
  if (kind == CampaignChange::Kind::patch) return *present->settings;
  CampaignSettings base;
  base.paused = present->settings->paused;
  return base;
}

}  // namespace

CampaignStaging::CampaignStaging(std::function<const Campaign*(const CampaignId&)> find,
                                 CampaignNumber next)
    : find_in_ledger_(std::move(find)), next_(next) {}

Result<Ledger::Changed> CampaignStaging::stage(const CampaignChange& change) {
  const Campaign* present = find(change.id);
  if (present == nullptr && change.kind == CampaignChange::Kind::patch) {
    return fail(ErrorCode::not_found, "there is no campaign " + change.id.str());
  }
  Result<CampaignSettings> settings = apply(base_of(present, change.kind), change.patch);
  if (!settings) return std::unexpected(settings.error());
  const bool created = present == nullptr;
  Campaign next = created ? Campaign{.id = change.id, .number = next_} : *present;
  if (settings->stock < next.issued) {
    return fail(ErrorCode::conflict,
                std::to_string(next.issued) + " coupons are issued, the stock cannot be " +
                    std::to_string(settings->stock),
                "stock");
  }
  if (!created && *settings == *present->settings) return Ledger::Changed{*present, false};
  next.settings = std::make_shared<const CampaignSettings>(std::move(*settings));
  if (created) ++next_.value;
  put(next);
  return Ledger::Changed{next, created};
}

const Campaign* CampaignStaging::find(const CampaignId& id) const {
  for (const Campaign& campaign : changed_) {
    if (campaign.id == id) return &campaign;
  }
  return find_in_ledger_(id);
}

void CampaignStaging::put(const Campaign& campaign) {
  for (Campaign& staged : changed_) {
    if (staged.number == campaign.number) {
      staged = campaign;
      return;
    }
  }
  changed_.push_back(campaign);
}

}  // namespace firstcome
