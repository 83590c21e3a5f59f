#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/campaign.hpp"
#include "core/claim.hpp"
#include "core/coupon.hpp"
#include "core/identity.hpp"

// Values that many tests need, made from what matters to the test. Keys are fixed, so that runs
// are alike.

namespace firstcome::testing {

inline const Fingerprints fingerprints{Fingerprints::Key{1, 2, 3}};
inline const CouponCodes codes{CouponCodes::Key{4, 5, 6}};

inline constexpr CampaignNumber first_campaign{1};
inline constexpr CampaignNumber second_campaign{2};

[[nodiscard]] constexpr Time at_second(std::int64_t second) {
  return Time(std::chrono::seconds(second));
}

[[nodiscard]] inline Identity identity_of(const std::string& user, const std::string& key = {}) {
  return fingerprints.of(UserId::trusted(user), IdempotencyKey::trusted(key));
}

[[nodiscard]] inline Claim claim_of(const std::string& user, const std::string& key = {},
                                    CampaignNumber campaign = first_campaign) {
  return {.campaign = campaign,
          .user = UserId::trusted(user),
          .key = IdempotencyKey::trusted(key),
          .identity = identity_of(user, key)};
}

[[nodiscard]] inline Campaign campaign_of(CampaignSettings settings, std::uint32_t issued = 0,
                                          CampaignNumber number = first_campaign) {
  return {.id = CampaignId::trusted("c" + std::to_string(number.value)),
          .number = number,
          .settings = std::make_shared<const CampaignSettings>(std::move(settings)),
          .issued = issued};
}

[[nodiscard]] inline Coupon coupon_of(std::uint32_t rank, std::uint32_t nth = 1,
                                      CampaignNumber campaign = first_campaign) {
  return {.rank = Rank{rank},
          .nth = nth,
          .code = codes.code(campaign, Rank{rank}),
          .issued_at = at_second(1'000'000)};
}

}  // namespace firstcome::testing
