#include "gate/gate.hpp"

namespace firstcome {

Result<Gate::ShapedClaim> Gate::shape(const ClaimRequest& request) {
  ShapedClaim shaped;
  auto campaign = parse_campaign_id(request.campaign);
  if (!campaign) return std::unexpected(campaign.error());
  if (!request.user) return invalid("user", "the body must name the user: {\"user\": \"…\"}");
  auto user = parse_user_id(*request.user);
  if (!user) return std::unexpected(user.error());
  shaped.campaign = *campaign;
  shaped.user = *user;
  if (!request.idempotency_key) return shaped;
  auto key = parse_idempotency_key(*request.idempotency_key);
  if (!key) return std::unexpected(key.error());
  shaped.key = *key;
  return shaped;
}

std::optional<Denial> Gate::deny(std::string_view authorization, Role needed) const {
  if (needed == Role::anyone) return std::nullopt;
  const std::optional<Role> role = keys_.role_of(authorization);
  if (!role || *role == Role::anyone) return Denial::unauthorized;
  if (*role < needed) return Denial::forbidden;
  return std::nullopt;
}

}  // namespace firstcome
