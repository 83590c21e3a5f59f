#include "issue/rules.hpp"

namespace firstcome {

std::optional<Coupon> prior_coupon(const CampaignSettings& settings, const Standing& standing) {
  if (standing.by_key) return standing.by_key;
  if (settings.per_user == 1) return standing.first;
  return std::nullopt;
}

Ruling rule_parked(const CampaignSettings& settings, std::uint32_t issued,
                   const Standing& standing) {
  if (prior_coupon(settings, standing)) return Ruling::repeated;
  if (standing.coupons >= settings.per_user) return Ruling::limit_reached;
  if (issued >= settings.stock) return Ruling::sold_out;
  return Ruling::eligible;
}

Ruling rule(const CampaignSettings& settings, std::uint32_t issued, const Standing& standing,
            Time arrived_at) {
  const Ruling without_window = rule_parked(settings, issued, standing);
  if (without_window == Ruling::repeated) return Ruling::repeated;
  if (settings.paused) return Ruling::paused;
  if (settings.opens_at && arrived_at < *settings.opens_at) return Ruling::not_open;
  if (settings.closes_at && arrived_at >= *settings.closes_at) return Ruling::closed;
  return without_window;
}

std::optional<Identity> identity_in_line(const CampaignSettings& settings,
                                         const Identity& identity) {
  if (settings.per_user == 1) return Identity{.user = identity.user};
  if (identity.keyed()) return identity;
  return std::nullopt;
}

}  // namespace firstcome
