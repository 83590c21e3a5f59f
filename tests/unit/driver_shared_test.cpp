#include <gtest/gtest.h>

#include "issue/driver.hpp"
#include "unit/support/driver_bench.hpp"

// What the driver makes of the news, where other servers issue from the same ledger.

namespace firstcome {
namespace {

using namespace std::chrono_literals;
using testing::campaign_of;
using testing::claim_of;
using testing::DriverBench;
using testing::first_campaign;

CampaignSettings paced(std::uint32_t stock) {
  return {.stock = stock, .mode = Mode::paced, .pace = {.batch = 1, .tick = 1000ms}};
}

class SharedDriver : public ::testing::Test {
 protected:
  SharedDriver() {
    bench.ledger.shared = true;
    bench.start().settle();
  }

  // Another server has parked this user's claim.
  void park_elsewhere(const std::string& user, std::uint64_t ticket) {
    Claim claim = claim_of(user);
    claim.ticket = Ticket{ticket};
    bench.ledger.parked[claim.ticket] = {claim, Outcome::queued};
    bench.ledger.next_news.parked.push_back(claim);
  }

  void pass(std::chrono::milliseconds time) {
    bench.clock.advance(time);
    bench.settle();
  }

  [[nodiscard]] std::string served() const {
    std::string text;
    for (const CouponRow& row : bench.ledger.coupons) text += row.user.str();
    return text;
  }

  DriverBench bench{paced(9)};
};

TEST_F(SharedDriver, runs_a_line_that_others_fill) {
  park_elsewhere("a", 1);
  park_elsewhere("b", 2);
  pass(100ms);
  EXPECT_EQ(served(), "") << "a line that was empty waits a whole tick";
  pass(1000ms);
  EXPECT_EQ(served(), "a");
  pass(1000ms);
  EXPECT_EQ(served(), "ab");
}

TEST_F(SharedDriver, leaves_a_line_to_who_has_its_lease) {
  bench.ledger.has_leases = false;
  park_elsewhere("a", 1);
  pass(100ms);
  pass(1000ms);
  EXPECT_EQ(served(), "");
  bench.ledger.has_leases = true;
  bench.ledger.next_news.lines = {first_campaign};
  pass(100ms);
  pass(1000ms);
  EXPECT_EQ(served(), "a") << "its holder has gone";
}

// Nobody may have to claim before that is noticed.
TEST_F(SharedDriver, stops_when_a_look_after_the_others_finds_the_ledger_lost) {
  bench.ledger.finds_itself_lost = true;
  bench.clock.advance(100ms);
  EXPECT_TRUE(bench.driver.step().failed);
  bench.claim({"a"}).settle();
  EXPECT_EQ(bench.told(), "0 unavailable");
}

// Nothing is lost, and nothing turns in a circle meanwhile.
TEST_F(SharedDriver, decides_a_claim_once_all_act_on_its_campaigns_change) {
  DriverBench instant{{.stock = 1}};
  instant.start().ledger.decides_nothing_yet = true;
  const Driver::Next next = instant.claim({"a", "b"}).settle();
  EXPECT_EQ(next.due_at, instant.clock.monotonic() + 5ms);
  EXPECT_EQ(instant.told(), "");
  instant.ledger.decides_nothing_yet = false;
  instant.clock.advance(5ms);
  instant.settle();
  EXPECT_EQ(instant.told(), "0 issued 1, 1 sold_out");
}

// It may be decided again from there, and a no become a yes.
TEST_F(SharedDriver, tells_a_claim_that_may_stand_elsewhere_a_yes_or_nothing) {
  DriverBench instant{{.stock = 1}};
  instant.start();
  std::vector<Claim> claims{claim_of("a"), claim_of("b"), claim_of("c")};
  for (std::uint32_t i = 0; i < 3; ++i) claims[i].reply_to.slot = i;
  claims[0].in_queue_elsewhere = claims[1].in_queue_elsewhere = true;
  instant.queue.enqueue(claims);
  instant.settle();
  EXPECT_EQ(instant.told(), "0 issued 1, 1 unanswered, 2 sold_out");
}

// An unknown commit that landed comes before all that others did since.
TEST_F(SharedDriver, stands_where_its_own_commit_put_it) {
  bench.ledger.next_commits = {CommitResult::unknown};
  bench.ledger.unknown_lands = true;
  bench.claim({"a", "b"});
  EXPECT_TRUE(bench.driver.step().more);
  park_elsewhere("c", 3);
  bench.settle();
  EXPECT_EQ(bench.told(), "0 queued at 1 in 1000, 1 queued at 2 in 2000");
  pass(1000ms);
  pass(1000ms);
  pass(1000ms);
  EXPECT_EQ(served(), "abc");
}

// The board takes campaigns in the order of their numbers.
TEST_F(SharedDriver, publishes_what_others_made_before_what_it_makes_itself) {
  bench.ledger.hold(campaign_of({.stock = 7}, 7, CampaignNumber{3}));
  bench.ledger.next_news.campaigns = {CampaignNumber{3}};
  bench.events.clear();
  bench.driver.submit({.id = CampaignId::trusted("c4"), .patch = {.stock = 1}}, {});
  bench.settle();
  ASSERT_GE(bench.events.size(), 4U);
  EXPECT_EQ(bench.events[0], "change 1");
  EXPECT_EQ(bench.events[1], "publish 7");
  EXPECT_EQ(bench.events[2], "publish 0");
  EXPECT_EQ(bench.events[3], "changed");
}

// Nobody who was told of a pause may see a claim taken after it, at any server.
TEST_F(SharedDriver, says_that_a_change_is_made_once_all_servers_act_on_it) {
  bench.ledger.another_lags = true;
  bench.change({.stock = 10});
  pass(0ms);
  EXPECT_EQ(bench.ledger.campaign(first_campaign).settings->stock, 10U) << "it is made";
  pass(1000ms);
  EXPECT_EQ(bench.told(), "");
  bench.ledger.another_lags = false;
  pass(100ms);
  EXPECT_EQ(bench.told(), "0 changed");
}

TEST_F(SharedDriver, waits_no_longer_for_a_server_that_cannot_be_there_any_more) {
  bench.ledger.another_lags = true;
  bench.change({.stock = 10});
  pass(0ms);
  pass(3100ms);
  EXPECT_EQ(bench.told(), "0 changed");
}

}  // namespace
}  // namespace firstcome
