#include "issue/driver.hpp"

#include <gtest/gtest.h>

#include "unit/support/driver_bench.hpp"
#include "unit/support/text_table.hpp"

// What the driver promises of one step: commit before a word is said, and a word for everybody.

namespace firstcome {
namespace {

using testing::DriverBench;
using testing::first_campaign;
using testing::second_campaign;
using Events = std::vector<std::string>;

TEST(Driver, commits_then_publishes_then_tells_then_settles) {
  DriverBench bench({.stock = 9});
  bench.start().claim({"a", "b"});
  EXPECT_TRUE(bench.driver.step().more);
  EXPECT_EQ(bench.events, (Events{"commit", "publish 2", "tell 2, arrived 2", "between"}));
  EXPECT_EQ(bench.queue.depth().arrived, 0U);
  EXPECT_EQ(bench.told(), "0 issued 1, 1 issued 2");
}

TEST(Driver, does_nothing_when_there_is_nothing) {
  DriverBench bench({.stock = 9});
  const Driver::Next next = bench.start().driver.step();
  EXPECT_FALSE(next.more);
  EXPECT_EQ(next.due_at, std::nullopt);
  EXPECT_EQ(bench.events, Events{});
}

TEST(Driver, writes_nothing_for_a_batch_that_only_loses) {
  DriverBench bench({.stock = 0});
  bench.start().claim({"a", "b"}).settle();
  EXPECT_EQ(bench.told(), "0 sold_out, 1 sold_out");
  EXPECT_TRUE(bench.ledger.tried.empty());
}

TEST(Driver, takes_what_has_come_in_batches_of_a_size) {
  DriverBench bench({.stock = 99});
  for (int i = 0; i < 20; ++i) bench.claim({"u" + std::to_string(i)});
  bench.start().settle();
  ASSERT_EQ(bench.ledger.tried.size(), 3U);
  EXPECT_EQ(bench.ledger.tried[0].coupons.size(), DriverBench::batch_claims_max);
  EXPECT_EQ(bench.ledger.tried[2].coupons.size(), 4U);
}

TEST(Driver, when_nothing_was_written_says_so_and_goes_on) {
  DriverBench bench({.stock = 9});
  bench.ledger.next_commits = {CommitResult::unavailable};
  EXPECT_FALSE(bench.start().claim({"a", "b"}).settle().failed);
  EXPECT_EQ(bench.told(), "0 unavailable, 1 unavailable");
  bench.claim({"a"}).settle();
  EXPECT_EQ(bench.told(), "2 issued 1");
}

// An unknown commit that is in the ledger is a yes.
TEST(Driver, looks_up_an_unknown_commit_and_stands_by_it) {
  DriverBench bench({.stock = 9});
  bench.ledger.next_commits = {CommitResult::unknown};
  bench.ledger.unknown_lands = true;
  bench.start().claim({"a"}).settle();
  EXPECT_EQ(bench.told(), "0 issued 1");
  EXPECT_EQ(bench.ledger.tried.size(), 1U);
}

TEST(Driver, repeats_an_unknown_commit_that_did_not_land_in_every_byte) {
  DriverBench bench({.stock = 9});
  bench.ledger.next_commits = {CommitResult::unknown, CommitResult::unknown};
  bench.start().claim({"a"}).settle();
  EXPECT_EQ(bench.told(), "0 issued 1");
  ASSERT_EQ(bench.ledger.tried.size(), 3U);
  EXPECT_EQ(bench.ledger.tried[0].coupons[0].coupon, bench.ledger.tried[2].coupons[0].coupon);
}

// Whoever comes meanwhile need not wait for that.
TEST(Driver, refuses_who_comes_while_nobody_can_say_what_became_of_a_commit) {
  DriverBench bench({.stock = 9});
  bench.ledger.next_commits = {CommitResult::unknown};
  bench.ledger.unknown_lands = true;
  bench.ledger.is_away = true;
  bench.start().claim({"a"}).settle();
  bench.claim({"b"}).change({.stock = 20}).settle();
  EXPECT_EQ(bench.told(), "1 unavailable, 2 unavailable");
  bench.ledger.is_away = false;
  bench.claim({"c"}).settle();
  EXPECT_EQ(bench.told(), "0 issued 1, 3 issued 2");
}

TEST(Driver, says_nothing_when_nobody_can_know) {
  DriverBench bench({.stock = 9});
  bench.ledger.next_commits = {CommitResult::unknown};
  bench.ledger.loses_itself = true;
  EXPECT_TRUE(bench.start().claim({"a", "b"}).driver.step().failed);
  EXPECT_EQ(bench.told(), "0 unanswered, 1 unanswered");
}

TEST(Driver, says_that_nothing_was_taken_when_that_is_certain) {
  DriverBench bench({.stock = 9});
  bench.ledger.next_commits = {CommitResult::unavailable};
  bench.ledger.loses_itself = true;
  EXPECT_TRUE(bench.start().claim({"a", "b"}).driver.step().failed);
  EXPECT_EQ(bench.told(), "0 unavailable, 1 unavailable");
}

TEST(Driver, that_is_overtaken_fails_and_never_commits_again) {
  DriverBench bench({.stock = 9});
  bench.ledger.next_commits = {CommitResult::stale_epoch};
  const Driver::Next next = bench.start().claim({"a"}).driver.step();
  ASSERT_TRUE(next.failed);
  EXPECT_EQ(next.failed->code, ErrorCode::conflict);
  EXPECT_EQ(bench.told(), "0 unavailable");
  bench.claim({"b"}).settle();
  EXPECT_EQ(bench.told(), "1 unavailable");
  EXPECT_EQ(bench.ledger.tried.size(), 1U);
}

// Whoever waits when the ledger is lost must not wait until somebody else rings.
TEST(Driver, after_a_failure_answers_all_who_wait_however_many) {
  DriverBench bench({.stock = 99});
  bench.ledger.next_commits = {CommitResult::stale_epoch};
  for (int i = 0; i < 30; ++i) bench.claim({"u" + std::to_string(i)});
  EXPECT_TRUE(bench.start().settle().failed);
  EXPECT_EQ(bench.queue.depth().arrived, 0U);
  EXPECT_EQ(testing::split(bench.told(), ",").size(), 30U);
}

TEST(Driver, after_a_failure_refuses_changes) {
  DriverBench bench({.stock = 9});
  bench.ledger.next_commits = {CommitResult::stale_epoch};
  bench.start().claim({"a"}).settle();
  bench.change({.stock = 20}).settle();
  EXPECT_EQ(bench.told(), "0 unavailable, 1 conflict");
}

TEST(Driver, makes_changes_before_the_batch_and_publishes_them_before_it_says_so) {
  DriverBench bench({.stock = 0});
  bench.start().claim({"a"}).change({.stock = 1}).change({.stock = 3}).settle();
  EXPECT_EQ(bench.told(), "1 changed, 2 changed, 0 issued 1");
  EXPECT_EQ(bench.events[0], "change 2") << "one transaction for both";
  EXPECT_EQ(bench.events[1], "publish 0");
  EXPECT_EQ(bench.events[2], "publish 0");
  EXPECT_EQ(bench.events[3], "changed");
}

TEST(Driver, refuses_a_change_and_makes_its_neighbours) {
  DriverBench bench({.stock = 9});
  bench.start().claim({"a", "b", "c"}).settle();
  (void)bench.told();
  bench.change({.stock = 2}).change({.stock = 3}).settle();
  EXPECT_EQ(bench.told(), "3 conflict, 4 changed");
}

// A change alone leaves something to write out once the server is idle.
TEST(Driver, counts_a_change_as_work) {
  DriverBench bench({.stock = 9});
  EXPECT_TRUE(bench.start().change({.stock = 10}).driver.step().more);
  EXPECT_FALSE(bench.driver.step().more);
}

TEST(Driver, publishes_each_campaign_of_a_batch_once) {
  DriverBench bench({.stock = 9}, {.stock = 9});
  bench.start()
      .claim({"a"})
      .claim({"a"}, second_campaign)
      .claim({"b"})
      .claim({"b"}, second_campaign);
  bench.settle();
  EXPECT_EQ(bench.events,
            (Events{"commit", "publish 2", "publish 2", "tell 4, arrived 4", "between"}));
}

}  // namespace
}  // namespace firstcome
