#include <gtest/gtest.h>

#include "issue/driver.hpp"
#include "unit/support/driver_bench.hpp"

// Lines: claims of paced campaigns wait in ticket order and leave by pace.

namespace firstcome {
namespace {

using namespace std::chrono_literals;
using testing::DriverBench;
using testing::first_campaign;
using testing::second_campaign;

CampaignSettings paced(std::uint32_t stock, std::uint32_t batch = 2) {
  return {.stock = stock, .mode = Mode::paced, .pace = {.batch = batch, .tick = 1000ms}};
}

std::string order_of(const std::vector<CouponRow>& coupons) {
  std::string text;
  for (const CouponRow& row : coupons) text += row.user.str();
  return text;
}

TEST(PacedDriver, tells_the_place_once_it_is_durable) {
  DriverBench bench(paced(9));
  bench.start().claim({"a", "b", "c"}).settle();
  EXPECT_EQ(bench.told(), "0 queued at 1 in 1000, 1 queued at 2 in 1000, 2 queued at 3 in 2000");
  EXPECT_EQ(bench.ledger.parked.size(), 3U);
  EXPECT_EQ(bench.events.front(), "commit");
}

TEST(PacedDriver, lets_go_a_batch_a_tick_and_sleeps_until_the_next) {
  DriverBench bench(paced(9));
  EXPECT_EQ(bench.start().claim({"a", "b", "c", "d", "e"}).settle().due_at, 1s);
  bench.clock.advance(999ms);
  EXPECT_EQ(bench.settle().due_at, 1s);
  EXPECT_EQ(order_of(bench.ledger.coupons), "");
  bench.clock.advance(1ms);
  EXPECT_EQ(bench.settle().due_at, 2s);
  EXPECT_EQ(order_of(bench.ledger.coupons), "ab");
  bench.clock.advance(1000ms);
  EXPECT_EQ(bench.settle().due_at, 3s);
  bench.clock.advance(1000ms);
  EXPECT_EQ(bench.settle().due_at, std::nullopt) << "the line is empty";
  EXPECT_EQ(order_of(bench.ledger.coupons), "abcde");
  EXPECT_TRUE(bench.ledger.parked.empty()) << "the winners' claims are forgotten";
}

// Promise 5: the same claim keeps its one place.
TEST(PacedDriver, answers_a_claim_sent_again_with_its_place) {
  DriverBench bench(paced(9));
  bench.start().claim({"a", "b", "a"}).settle();
  EXPECT_EQ(bench.told(), "0 queued at 1 in 1000, 1 queued at 2 in 1000, 2 queued at 1 in 1000'");
  bench.claim({"b"}).settle();
  EXPECT_EQ(bench.told(), "3 queued at 2 in 1000'");
  EXPECT_EQ(bench.ledger.tried.size(), 1U);
  bench.clock.advance(1000ms);
  bench.claim({"a"}).settle();
  EXPECT_EQ(bench.told(), "4 issued 1'") << "it was served in this very step";
}

TEST(PacedDriver, tells_the_rest_of_the_line_at_once_when_the_stock_is_gone) {
  DriverBench bench(paced(2, 1));
  bench.start().claim({"a", "b", "c", "d"}).settle();
  bench.clock.advance(1000ms);
  bench.settle();
  bench.clock.advance(1000ms);
  bench.settle();
  bench.clock.advance(1000ms);
  EXPECT_EQ(bench.settle().due_at, std::nullopt);
  EXPECT_EQ(order_of(bench.ledger.coupons), "ab");
  for (const auto* user : {"c", "d"}) {
    const auto place = bench.queue.place(first_campaign, testing::identity_of(user));
    ASSERT_TRUE(place) << user;
    EXPECT_EQ(place->outcome, Outcome::sold_out) << user;
  }
}

TEST(PacedDriver, keeps_the_line_as_it_is_when_the_commit_fails) {
  DriverBench bench(paced(9));
  bench.start().claim({"a", "b", "c"}).settle();
  (void)bench.told();
  bench.ledger.next_commits = {CommitResult::unavailable};
  bench.clock.advance(1000ms);
  bench.claim({"x"}).settle();
  EXPECT_EQ(bench.told(), "3 unavailable");
  EXPECT_EQ(bench.queue.line_length(first_campaign), 3U);
  bench.clock.advance(1000ms);
  bench.settle();
  EXPECT_EQ(order_of(bench.ledger.coupons), "ab");
}

TEST(PacedDriver, with_a_commit_that_nobody_took_leaves_nobody_in_the_line) {
  DriverBench bench(paced(9));
  bench.ledger.next_commits = {CommitResult::unavailable};
  bench.start().claim({"a"}).settle();
  EXPECT_EQ(bench.told(), "0 unavailable");
  EXPECT_EQ(bench.queue.line_length(first_campaign), 0U);
}

TEST(PacedDriver, holds_the_line_while_paused_and_sleeps) {
  DriverBench bench(paced(9));
  bench.start().claim({"a", "b", "c"}).settle();
  bench.change({.paused = true}).settle();
  bench.clock.advance(5000ms);
  EXPECT_EQ(bench.settle().due_at, std::nullopt) << "nothing is due, so nothing turns in a circle";
  EXPECT_EQ(bench.queue.line_length(first_campaign), 3U);
  EXPECT_EQ(bench.change({.paused = false}).settle().due_at, 6s);
  bench.clock.advance(1000ms);
  bench.settle();
  EXPECT_EQ(order_of(bench.ledger.coupons), "ab");
}

TEST(PacedDriver, that_becomes_instant_serves_the_line_first) {
  DriverBench bench(paced(99));
  bench.start().claim({"a", "b", "c"}).settle();
  (void)bench.told();
  bench.change({.mode = Mode::instant}).claim({"d", "e"}).settle();
  EXPECT_EQ(order_of(bench.ledger.coupons), "abcde");
}

// However many come meanwhile, each in the step after the other.
TEST(PacedDriver, that_becomes_instant_answers_in_the_first_reply_as_soon_as_the_line_is_gone) {
  DriverBench bench(paced(99));
  bench.start().claim({"a", "b", "c"}).settle();
  bench.change({.mode = Mode::instant}).claim({"d"});
  (void)bench.told();
  (void)bench.driver.step();
  bench.claim({"e"});
  (void)bench.driver.step();
  EXPECT_EQ(bench.told(), "3 changed, 4 issued 4, 5 issued 5");
}

TEST(PacedDriver, that_becomes_instant_with_a_long_line_still_serves_in_order) {
  DriverBench bench(paced(99));
  std::vector<std::string> users;
  for (char user = 'a'; user <= 't'; ++user) users.emplace_back(1, user);
  bench.start().claim(users).settle();
  bench.change({.mode = Mode::instant}).claim({"u", "v"}).settle();
  EXPECT_EQ(order_of(bench.ledger.coupons), "abcdefghijklmnopqrstuv");
}

TEST(PacedDriver, takes_a_quicker_pace_at_once) {
  DriverBench bench(paced(9));
  EXPECT_EQ(bench.start().claim({"a"}).settle().due_at, 1s);
  CampaignSettings quicker = paced(9);
  quicker.pace.tick = 100ms;
  bench.ledger.set(first_campaign, quicker);
  EXPECT_EQ(bench.change({.name = "now with a quicker pace"}).settle().due_at, 100ms);
}

TEST(PacedDriver, parks_again_at_start_whom_the_ledger_remembers) {
  DriverBench bench(paced(9), {.stock = 9});
  Claim waits = testing::claim_of("a");
  waits.ticket = Ticket{1};
  Claim lost = testing::claim_of("b");
  lost.ticket = Ticket{2};
  Claim became_instant = testing::claim_of("c", "", second_campaign);
  became_instant.ticket = Ticket{3};
  bench.ledger.parked = {{Ticket{1}, {waits, Outcome::queued}},
                         {Ticket{2}, {lost, Outcome::sold_out}},
                         {Ticket{3}, {became_instant, Outcome::queued}}};
  EXPECT_EQ(bench.start().settle().due_at, 1s);
  EXPECT_EQ(order_of(bench.ledger.coupons), "c") << "an instant campaign's line is due at once";
  EXPECT_EQ(bench.queue.place(first_campaign, waits.identity)->position, 1U);
  EXPECT_EQ(bench.queue.place(first_campaign, lost.identity)->outcome, Outcome::sold_out);
}

TEST(PacedDriver, lets_no_long_line_hold_up_another) {
  DriverBench bench(paced(999, 8), paced(999, 2));
  for (int i = 0; i < 10; ++i) bench.claim({"u" + std::to_string(i)}, second_campaign);
  for (int i = 0; i < 60; ++i) bench.claim({"u" + std::to_string(i)});
  bench.start().settle();
  bench.clock.advance(1000ms);
  bench.change({.mode = Mode::instant});
  for (int step = 0; step < 3; ++step) {
    (void)bench.driver.step();
    bench.clock.advance(1ms);
  }
  EXPECT_LT(bench.queue.line_length(second_campaign), 10U);
  EXPECT_GT(bench.queue.line_length(first_campaign), 0U);
}

}  // namespace
}  // namespace firstcome
