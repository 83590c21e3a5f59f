#include "issue/rules.hpp"

#include <gtest/gtest.h>

#include <map>

#include "unit/support/samples.hpp"
#include "unit/support/text_table.hpp"

namespace firstcome {
namespace {

using testing::at_second;
using testing::coupon_of;
using testing::Row;

// Settings are "stock 10, opens at 100, closes at 200" with the named changes. Of the standing:
// how many coupons of this campaign the user has, and whether one is under this claim's key.
constexpr std::string_view table = R"(
# settings  | issued | has      | second → ruling       | once parked
-             | 0      | 0        | 150    → eligible      | eligible
-             | 9      | 0        | 199    → eligible      | eligible
-             | 10     | 0        | 150    → sold_out      | sold_out
-             | 0      | 0        | 99     → not_open      | eligible
-             | 0      | 0        | 100    → eligible      | eligible
-             | 0      | 0        | 200    → closed        | eligible
-             | 10     | 0        | 99     → not_open      | sold_out
-             | 10     | 0        | 200    → closed        | sold_out
paused        | 0      | 0        | 150    → paused        | eligible
paused        | 0      | 0        | 99     → paused        | eligible
paused        | 10     | 0        | 200    → paused        | sold_out
# the claim has its coupon: nothing else matters
-             | 10     | 1        | 150    → repeated      | repeated
-             | 10     | 1        | 99     → repeated      | repeated
-             | 10     | 1        | 200    → repeated      | repeated
paused        | 10     | 1        | 200    → repeated      | repeated
per_user 2    | 10     | 1 keyed  | 200    → repeated      | repeated
per_user 2    | 10     | 2 keyed  | 150    → repeated      | repeated
# where a user may have several, a claim without its key's coupon is a further one
per_user 2    | 1      | 1        | 150    → eligible      | eligible
per_user 2    | 10     | 1        | 150    → sold_out      | sold_out
per_user 2    | 2      | 2        | 150    → limit_reached | limit_reached
per_user 2    | 10     | 2        | 150    → limit_reached | limit_reached
per_user 2    | 2      | 2        | 99     → not_open      | limit_reached
per_user 2    | 2      | 2        | 200    → closed        | limit_reached
per_user 2    | 3      | 3        | 150    → limit_reached | limit_reached
# no stock at all
stock 0       | 0      | 0        | 150    → sold_out      | sold_out
)";

CampaignSettings settings_of(const std::string& changes) {
  CampaignSettings settings{.stock = 10, .opens_at = at_second(100), .closes_at = at_second(200)};
  if (changes == "paused") settings.paused = true;
  if (changes == "per_user 2") settings.per_user = 2;
  if (changes == "stock 0") settings.stock = 0;
  return settings;
}

Standing standing_of(const std::string& text) {
  Standing standing{.coupons = static_cast<std::uint32_t>(std::stoul(text))};
  if (standing.coupons > 0) standing.first = coupon_of(1);
  if (text.ends_with("keyed")) standing.by_key = coupon_of(standing.coupons, standing.coupons);
  return standing;
}

std::string name_of(Ruling ruling) {
  static const std::map<Ruling, std::string> names{
      {Ruling::repeated, "repeated"}, {Ruling::paused, "paused"},
      {Ruling::not_open, "not_open"}, {Ruling::closed, "closed"},
      {Ruling::sold_out, "sold_out"}, {Ruling::limit_reached, "limit_reached"},
      {Ruling::eligible, "eligible"}};
  return names.at(ruling);
}

TEST(Rules, decide_in_the_precedence_of_the_contract) {
  for (const Row& row : testing::rows(table)) {
    const CampaignSettings settings = settings_of(row[0]);
    const auto issued = static_cast<std::uint32_t>(std::stoul(row[1]));
    const Standing standing = standing_of(row[2]);
    const Ruling ruling = rule(settings, issued, standing, at_second(std::stoi(row[3])));
    const std::string where = row[0] + " | " + row[1] + " | " + row[2] + " | " + row[3];
    EXPECT_EQ(name_of(ruling), row[4]) << where;
    EXPECT_EQ(name_of(rule_parked(settings, issued, standing)), row[5]) << where;
  }
}

TEST(Rules, a_claim_gets_the_coupon_of_its_own_key_before_the_users_first) {
  const Standing standing{.coupons = 2, .first = coupon_of(1), .by_key = coupon_of(7, 2)};
  EXPECT_EQ(prior_coupon({.per_user = 2}, standing), coupon_of(7, 2));
  EXPECT_EQ(prior_coupon({.per_user = 1}, standing), coupon_of(7, 2)) << "the limit was lowered";
}

TEST(Rules, a_user_with_one_coupon_each_needs_no_key) {
  const Standing standing{.coupons = 1, .first = coupon_of(3)};
  EXPECT_EQ(prior_coupon({.per_user = 1}, standing), coupon_of(3));
  EXPECT_EQ(prior_coupon({.per_user = 2}, standing), std::nullopt);
}

}  // namespace
}  // namespace firstcome
