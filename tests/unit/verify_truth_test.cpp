#include <gtest/gtest.h>

#include <numeric>

#include "unit/verify_world.hpp"
#include "verify/report.hpp"

// The verifier accuses nobody who kept the promises, whatever was lost, late or sent again.

namespace firstcome::testing {
namespace {

constexpr std::uint64_t seeds = 150;

void expect_no_alarm(const World& world, const std::string& what) {
  for (const auto source : {Facts::Source::audit, Facts::Source::listing, Facts::Source::none}) {
    const auto reports = check(world, source);
    if (overall(reports) == Judgement::holds) continue;
    std::ostringstream words;
    print_report(words, reports);
    FAIL() << what << ", source " << static_cast<int>(source) << "\n" << words.str();
  }
}

void expect_no_alarm_for_seeds(WorldShape shape) {
  for (shape.seed = 1; shape.seed <= seeds; ++shape.seed) {
    expect_no_alarm(make_world(shape), "seed " + std::to_string(shape.seed));
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(VerifyTruth, StockForAll) {
  expect_no_alarm_for_seeds({.restarts = true});
}

TEST(VerifyTruth, SoldOut) {
  expect_no_alarm_for_seeds({.stock = 25, .restarts = true});
}

TEST(VerifyTruth, OpensLate) {
  expect_no_alarm_for_seeds({.stock = 40, .opens_late = true});
}

TEST(VerifyTruth, SeveralClaimsWithKeys) {
  expect_no_alarm_for_seeds({.per_user = 2, .claims_per_user = 3, .keyed = true});
}

TEST(VerifyTruth, SeveralClaimsWithKeysSoldOut) {
  expect_no_alarm_for_seeds({.stock = 50, .per_user = 2, .claims_per_user = 3, .keyed = true});
}

TEST(VerifyTruth, SeveralClaimsWithoutKeys) {
  expect_no_alarm_for_seeds({.stock = 90, .per_user = 2, .claims_per_user = 2});
}

TEST(VerifyTruth, OneEachInSpiteOfKeys) {
  expect_no_alarm_for_seeds({.stock = 40, .claims_per_user = 2, .keyed = true});
}

TEST(VerifyTruth, Paced) {
  expect_no_alarm_for_seeds({.paced = true, .restarts = true});
}

TEST(VerifyTruth, PacedSoldOut) {
  expect_no_alarm_for_seeds({.stock = 25, .paced = true});
}

TEST(VerifyTruth, PacedWithKeys) {
  expect_no_alarm_for_seeds({.stock = 70,
                             .per_user = 2,
                             .claims_per_user = 3,
                             .keyed = true,
                             .paced = true,
                             .opens_late = true});
}

TEST(VerifyTruth, SeveralCampaigns) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    World world = make_world({.seed = seed, .campaign = "a", .stock = 20});
    world.append(make_world({.seed = seed + 1000, .campaign = "b", .paced = true}));
    world.append(make_world({.seed = seed, .campaign = "c", .per_user = 2, .keyed = true}));
    expect_no_alarm(world, "seed " + std::to_string(seed));
  }
}

// The lost first attempt won; the retry, sent after another's answer, shows the lower rank.
TEST(VerifyTruth, LostAttemptMayHaveWonBeforeTheRetryWasSent) {
  World world = make_world({.users = 2, .stock = 10});
  const std::string first = to_string(code_for("demo", 1));
  const std::string second = to_string(code_for("demo", 2));
  world.attempts = {{.campaign = "demo", .user = "a", .sent_ns = 0, .outcome = "unknown"},
                    {.campaign = "demo",
                     .user = "b",
                     .sent_ns = 1,
                     .got_ns = 5,
                     .status = 201,
                     .outcome = "issued",
                     .rank = 2,
                     .code = second},
                    {.campaign = "demo",
                     .user = "a",
                     .sent_ns = 9,
                     .got_ns = 12,
                     .status = 200,
                     .outcome = "issued",
                     .rank = 1,
                     .code = first}};
  world.coupons[0].user = UserId::trusted("a");
  world.coupons[1].user = UserId::trusted("b");
  expect_no_alarm(world, "retry");
}

// Coupons that were won before the recording began are no ghosts, but they are mentioned.
TEST(VerifyTruth, UsersThatTheHistoryDoesNotNameAreOnlyNoted) {
  World world = make_world({.seed = 3});
  const std::string user = world.coupons.front().user.str();
  std::erase_if(world.attempts, [&](const Attempt& attempt) { return attempt.user == user; });
  const auto reports = check(world, Facts::Source::audit);
  EXPECT_EQ(overall(reports), Judgement::holds);
  ASSERT_EQ(reports[3].rules[0].findings.notes.size(), 1U);
  EXPECT_EQ(reports[3].rules[0].findings.notes[0],
            "demo: 1 coupons are of users whom the history does not name");
}

// The rules about a fixed stock keep quiet when it was not fixed.
TEST(VerifyTruth, AddedStockIsNoAlarmWhenItIsSaid) {
  World world = make_world({.seed = 5, .stock = 20});
  world.campaigns[0].settings.stock = 30;
  EXPECT_EQ(overall(check(world, Facts::Source::audit)), Judgement::broken);
  const auto reports = check(world, Facts::Source::audit, {.stock_raised = true});
  EXPECT_EQ(overall(reports), Judgement::holds);
  EXPECT_EQ(reports[7].verdict(), Judgement::not_checked);
}

TEST(VerifyTruth, NothingIsCheckedWithoutFacts) {
  Facts facts(Facts::Source::none);
  EXPECT_EQ(overall(check_promises(facts, {})), Judgement::not_checked);
}

// The truth is worth something only if there was something to be wrong about.
TEST(VerifyTruth, RulesHaveFactsToCheck) {
  World world = make_world({.seed = 7, .campaign = "a", .stock = 25});
  world.append(
      make_world({.seed = 7, .campaign = "b", .per_user = 2, .claims_per_user = 3, .keyed = true}));
  world.append(make_world({.seed = 7, .campaign = "c", .paced = true}));
  for (const PromiseReport& report : check(world, Facts::Source::audit)) {
    for (const RuleReport& rule : report.rules) {
      EXPECT_GT(rule.findings.checked, 0U) << report.name << ": " << rule.subject;
    }
  }
}

}  // namespace
}  // namespace firstcome::testing
