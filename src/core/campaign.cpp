#include "core/campaign.hpp"

#include <algorithm>

namespace firstcome {
namespace {

template <class T>
void replace(T& target, const std::optional<T>& value) {
  if (value) target = *value;
}

}  // namespace

Result<CampaignSettings> apply(CampaignSettings settings, const CampaignPatch& patch) {
  replace(settings.name, patch.name);
  replace(settings.stock, patch.stock);
  replace(settings.per_user, patch.per_user);
  replace(settings.opens_at, patch.opens_at);
  replace(settings.closes_at, patch.closes_at);
  replace(settings.coupon_ttl, patch.coupon_ttl);
  replace(settings.mode, patch.mode);
  replace(settings.pace.batch, patch.pace_batch);
  replace(settings.pace.tick, patch.pace_tick);
  replace(settings.metadata, patch.metadata);
  replace(settings.paused, patch.paused);
  if (settings.opens_at && settings.closes_at && *settings.closes_at <= *settings.opens_at) {
    return invalid("closes_at", "closes_at must be later than opens_at");
  }
  return settings;
}

std::uint64_t queue_depth_max(const CampaignSettings& settings, std::uint64_t configured) noexcept {
  constexpr std::uint64_t by_stock = 10;
  constexpr std::uint64_t always = 100'000;
  return std::min(configured, std::max(always, settings.stock * by_stock));
}

std::string_view to_string(CampaignState state) noexcept {
  switch (state) {
    case CampaignState::scheduled:
      return "scheduled";
    case CampaignState::open:
      return "open";
    case CampaignState::sold_out:
      return "sold_out";
    case CampaignState::paused:
      return "paused";
    case CampaignState::closed:
      return "closed";
  }
  return "?";
}

std::string_view to_string(Mode mode) noexcept {
  return mode == Mode::instant ? "instant" : "paced";
}

CampaignState state_at(const CampaignSettings& settings, std::uint32_t issued, Time now) noexcept {
  if (settings.paused) return CampaignState::paused;
  if (settings.opens_at && now < *settings.opens_at) return CampaignState::scheduled;
  if (settings.closes_at && now >= *settings.closes_at) return CampaignState::closed;
  if (issued >= settings.stock) return CampaignState::sold_out;
  return CampaignState::open;
}

}  // namespace firstcome
