#include "core/campaign.hpp"

#include <gtest/gtest.h>

#include "core/outcome.hpp"
#include "ledger/campaign_staging.hpp"
#include "unit/support/samples.hpp"
#include "unit/support/text_table.hpp"

namespace firstcome {
namespace {

using testing::at_second;
using testing::campaign_of;

// Stock 10, opens at second 100 and closes at second 200.
constexpr std::string_view states = R"(
# paused | issued | second → state
no       | 0      | 99     → scheduled
no       | 0      | 100    → open
no       | 9      | 199    → open
no       | 10     | 199    → sold_out
no       | 10     | 99     → scheduled
no       | 0      | 200    → closed
no       | 10     | 200    → closed
yes      | 0      | 99     → paused
yes      | 10     | 150    → paused
yes      | 0      | 200    → paused
)";

TEST(CampaignState, is_told_in_the_precedence_of_replies) {
  for (const testing::Row& row : testing::rows(states)) {
    const CampaignSettings settings{.stock = 10,
                                    .opens_at = at_second(100),
                                    .closes_at = at_second(200),
                                    .paused = row[0] == "yes"};
    const auto issued = static_cast<std::uint32_t>(std::stoul(row[1]));
    EXPECT_EQ(to_string(state_at(settings, issued, at_second(std::stoi(row[2])))), row[3])
        << row[0] << " " << row[1] << " " << row[2];
  }
}

TEST(CampaignState, without_a_window_is_open_as_long_as_there_is_stock) {
  EXPECT_EQ(state_at({.stock = 1}, 0, Time{}), CampaignState::open);
  EXPECT_EQ(state_at({.stock = 0}, 0, Time{}), CampaignState::sold_out);
}

TEST(CampaignPatch, changes_what_it_names_and_nothing_else) {
  const CampaignSettings before{.name = "n",
                                .stock = 10,
                                .per_user = 2,
                                .opens_at = at_second(100),
                                .coupon_ttl = std::chrono::seconds(60),
                                .mode = Mode::paced,
                                .metadata = R"({"a":1})",
                                .paused = true};
  EXPECT_EQ(*apply(before, {}), before);
  CampaignSettings after = before;
  after.stock = 20;
  EXPECT_EQ(*apply(before, {.stock = 20}), after);
  after.opens_at.reset();
  after.coupon_ttl.reset();
  CampaignPatch clears{.stock = 20};
  clears.opens_at.emplace();
  clears.coupon_ttl.emplace();
  EXPECT_EQ(*apply(before, clears), after) << "an inner nullopt takes a value away";
}

TEST(CampaignPatch, leaves_no_empty_window) {
  const CampaignSettings before{.stock = 10, .opens_at = at_second(100)};
  for (const std::int64_t second : {0, 99, 100}) {
    const auto after = apply(before, {.closes_at = at_second(second)});
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().code, ErrorCode::invalid);
    EXPECT_EQ(after.error().field, "closes_at");
  }
  EXPECT_TRUE(apply(before, {.closes_at = at_second(101)}));
  EXPECT_TRUE(apply({.stock = 1}, {.closes_at = at_second(0)})) << "it may be over already";
}

class Staging : public ::testing::Test {
 protected:
  CampaignStaging staging() {
    return CampaignStaging(
        [this](const CampaignId& id) { return id == present.id ? &present : nullptr; },
        CampaignNumber{2});
  }
  Campaign present = campaign_of({.stock = 10, .per_user = 3, .paused = true}, 4);
};

TEST_F(Staging, makes_campaigns_with_the_next_numbers) {
  CampaignStaging group = staging();
  EXPECT_EQ(group.stage({.id = CampaignId::trusted("a"), .patch = {.stock = 1}})->campaign.number,
            CampaignNumber{2});
  EXPECT_EQ(group.stage({.id = CampaignId::trusted("b"), .patch = {.stock = 1}})->campaign.number,
            CampaignNumber{3});
  EXPECT_EQ(group.changed().size(), 2U);
}

TEST_F(Staging, a_put_starts_from_the_defaults_but_ends_no_pause) {
  CampaignStaging group = staging();
  const auto changed = group.stage({.id = present.id, .patch = {.stock = 5}});
  EXPECT_FALSE(changed->created);
  EXPECT_EQ(*changed->campaign.settings, (CampaignSettings{.stock = 5, .paused = true}));
  EXPECT_EQ(changed->campaign.issued, 4U);
}

TEST_F(Staging, takes_no_coupon_back_that_was_issued) {
  CampaignStaging group = staging();
  const CampaignChange less{.id = present.id, .patch = {.stock = 3}};
  const auto refused = group.stage(less);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(refused.error().field, "stock");
  EXPECT_TRUE(group.changed().empty());
  EXPECT_TRUE(group.stage({.id = present.id, .patch = {.stock = 4}})) << "all that is issued";
}

TEST_F(Staging, builds_on_what_the_group_has_done_and_writes_a_campaign_once) {
  CampaignStaging group = staging();
  const CampaignId fresh = CampaignId::trusted("fresh");
  ASSERT_FALSE(group.stage({.id = fresh, .kind = CampaignChange::Kind::patch}))
      << "a patch makes none";
  ASSERT_TRUE(group.stage({.id = fresh, .patch = {.stock = 1}})->created);
  const auto patched =
      group.stage({.id = fresh, .kind = CampaignChange::Kind::patch, .patch = {.name = "new"}});
  EXPECT_FALSE(patched->created);
  EXPECT_EQ(*patched->campaign.settings, (CampaignSettings{.name = "new", .stock = 1}));
  ASSERT_EQ(group.changed().size(), 1U);
  EXPECT_EQ(group.changed()[0].settings->name, "new");
}

TEST_F(Staging, writes_nothing_for_a_change_that_changes_nothing) {
  CampaignStaging group = staging();
  const auto same = group.stage({.id = present.id, .kind = CampaignChange::Kind::patch});
  EXPECT_EQ(same->campaign.settings, present.settings);
  EXPECT_TRUE(group.changed().empty());
}

TEST(Outcome, reads_back_its_own_name) {
  for (const Outcome outcome :
       {Outcome::issued, Outcome::queued, Outcome::sold_out, Outcome::limit_reached,
        Outcome::not_open, Outcome::closed, Outcome::paused}) {
    EXPECT_EQ(parse_outcome(to_string(outcome)), outcome);
  }
  EXPECT_FALSE(parse_outcome("ISSUED"));
  EXPECT_FALSE(parse_outcome(""));
}

}  // namespace
}  // namespace firstcome
