#pragma once

#include <cstdint>
#include <optional>

#include "core/campaign.hpp"
#include "ledger/ledger.hpp"

// The rules that decide a claim, in their order of precedence: already issued, paused, not open,
// closed, limit reached, sold out. The desk asks them to answer at once what cannot win, the issuer
// asks them again with the ledger's word. Pure functions.

namespace firstcome {

enum class Ruling : std::uint8_t {
  repeated,  // this very claim has its coupon already
  paused,
  not_open,
  closed,
  limit_reached,
  sold_out,
  eligible,
};

// The coupon that this very claim got before: under the same Idempotency-Key, or the user's one
// coupon where a user may have one.
[[nodiscard]] std::optional<Coupon> prior_coupon(const CampaignSettings& settings,
                                                 const Standing& standing);

[[nodiscard]] Ruling rule(const CampaignSettings& settings, std::uint32_t issued,
                          const Standing& standing, Time arrived_at);

// The same for a claim that was parked: it came in time, so pause and window no longer matter.
[[nodiscard]] Ruling rule_parked(const CampaignSettings& settings, std::uint32_t issued,
                                 const Standing& standing);

// Under which identity a claim may stand in a line already: the user where any claim of his is the
// same claim, his key where he may have several; nullopt when each is a new one.
[[nodiscard]] std::optional<Identity> identity_in_line(const CampaignSettings& settings,
                                                       const Identity& identity);

}  // namespace firstcome
