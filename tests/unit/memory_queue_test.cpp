#include "queue/memory_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "unit/support/samples.hpp"

namespace firstcome {
namespace {

using testing::claim_of;
using testing::first_campaign;
using testing::identity_of;
using testing::second_campaign;

class MemoryQueueTest : public ::testing::Test {
 protected:
  void enqueue(const std::vector<std::string>& users) {
    std::vector<Claim> claims;
    for (const std::string& user : users) claims.push_back(claim_of(user));
    queue.enqueue(claims);
  }

  static std::string users_of(std::span<const Claim> claims) {
    std::string text;
    for (const Claim& claim : claims) text += claim.user.str();
    return text;
  }

  void park(const std::string& user, std::uint64_t ticket, const std::string& key = {}) {
    Claim claim = claim_of(user, key);
    claim.ticket = Ticket{ticket};
    queue.park(claim);
  }

  [[nodiscard]] Place place(const std::string& user, const std::string& key = {}) const {
    const auto found = queue.place(first_campaign, identity_of(user, key));
    return found.value_or(Place{.outcome = Outcome::not_open});
  }

  int rings = 0;
  MemoryQueue queue{Epoch{7}, Ticket{100}, [this] { ++rings; }};
};

TEST_F(MemoryQueueTest, gives_tickets_in_order_from_the_first_and_rings_once_a_message) {
  std::vector<Claim> claims{claim_of("a"), claim_of("b")};
  queue.enqueue(claims);
  EXPECT_EQ(claims[0].ticket, Ticket{100}) << "who brought them is told";
  EXPECT_EQ(claims[1].ticket, Ticket{101});
  EXPECT_EQ(claims[1].epoch, Epoch{7});
  EXPECT_EQ(rings, 1);
}

// The queue that it comes from has told that ticket already.
TEST_F(MemoryQueueTest, leaves_a_claim_from_elsewhere_its_ticket_and_its_place_in_the_order) {
  std::vector<Claim> claims{claim_of("a"), claim_of("b"), claim_of("c")};
  claims[1].reply_to.desk = ReplyTo::elsewhere;
  claims[1].ticket = Ticket{7};
  queue.enqueue(claims);
  const auto taken = queue.take_batch(9);
  EXPECT_EQ(users_of(taken), "abc");
  EXPECT_EQ(taken[0].ticket, Ticket{100});
  EXPECT_EQ(taken[1].ticket, Ticket{7});
  EXPECT_EQ(taken[2].ticket, Ticket{101}) << "without a gap";
}

TEST_F(MemoryQueueTest, drops_what_stands_behind_and_keeps_what_was_shown) {
  enqueue({"a", "b", "c"});
  const std::span<Claim> shown = queue.take_batch(2);
  enqueue({"d"});
  EXPECT_EQ(users_of(queue.drop_behind(2)), "cd");
  EXPECT_EQ(users_of(shown), "ab");
  EXPECT_EQ(queue.depth().arrived, 2U);
  queue.settle(2);
  enqueue({"e"});
  EXPECT_EQ(users_of(queue.take_batch(9)), "e");
  EXPECT_EQ(users_of(queue.drop_behind(0)), "e");
  EXPECT_EQ(queue.depth().arrived, 0U);
}

TEST_F(MemoryQueueTest, leaves_to_another_what_came_from_elsewhere_and_takes_out_the_rest_too) {
  std::vector<Claim> claims{claim_of("a"), claim_of("b"), claim_of("c"), claim_of("d")};
  claims[1].reply_to.desk = ReplyTo::elsewhere;
  claims[2].campaign = second_campaign;
  queue.enqueue(claims);
  (void)queue.take_batch(1);
  enqueue({"e"});
  queue.settle(1);
  queue.leave_to_another(first_campaign);
  EXPECT_EQ(users_of(queue.take_batch(9)), "cd");
  EXPECT_EQ(users_of(queue.take_out(first_campaign)), "de") << "shown and not settled, and behind";
  EXPECT_EQ(users_of(queue.take_batch(9)), "c");
  EXPECT_EQ(queue.depth().arrived, 1U);
  EXPECT_TRUE(queue.take_out(first_campaign).empty());
}

TEST_F(MemoryQueueTest, shows_the_same_batch_until_it_is_settled) {
  enqueue({"a", "b", "c"});
  EXPECT_EQ(users_of(queue.take_batch(2)), "ab");
  enqueue({"d"});
  EXPECT_EQ(users_of(queue.take_batch(2)), "ab");
  EXPECT_EQ(users_of(queue.take_batch(9)), "abc");
  queue.settle(2);
  EXPECT_EQ(users_of(queue.take_batch(9)), "c");
  queue.settle(1);
  EXPECT_EQ(users_of(queue.take_batch(9)), "d");
  queue.settle(1);
  EXPECT_TRUE(queue.take_batch(9).empty());
}

TEST_F(MemoryQueueTest, counts_a_claim_until_it_is_settled) {
  enqueue({"a", "b"});
  EXPECT_EQ(queue.depth().arrived, 2U);
  (void)queue.take_batch(9);
  EXPECT_EQ(queue.depth().arrived, 2U);
  queue.settle(1);
  EXPECT_EQ(queue.depth().arrived, 1U);
}

TEST_F(MemoryQueueTest, refuses_to_settle_what_it_has_not_shown) {
  enqueue({"a"});
  EXPECT_DEATH(queue.settle(1), "settled more than was taken");
}

TEST_F(MemoryQueueTest, knows_the_place_of_everybody_in_a_line) {
  park("a", 1);
  park("b", 5);
  park("c", 9);
  EXPECT_EQ(place("a").position, 1U);
  EXPECT_EQ(place("c").position, 3U);
  EXPECT_EQ(place("c").ticket, Ticket{9});
  EXPECT_EQ(queue.depth().parked, 3U);
  queue.settle_line(first_campaign, std::vector{Outcome::issued});
  EXPECT_EQ(place("c").position, 2U);
  EXPECT_EQ(place("x").outcome, Outcome::not_open) << "nobody";
}

TEST_F(MemoryQueueTest, peeks_at_the_front_of_a_line) {
  park("a", 1);
  park("b", 2);
  EXPECT_EQ(users_of(queue.front_of_line(first_campaign, 1)), "a");
  EXPECT_EQ(users_of(queue.front_of_line(first_campaign, 9)), "ab");
  EXPECT_EQ(queue.line_length(first_campaign), 2U);
  EXPECT_TRUE(queue.front_of_line(second_campaign, 9).empty());
  EXPECT_EQ(queue.line_length(second_campaign), 0U);
}

TEST_F(MemoryQueueTest, says_how_far_it_knows_a_line) {
  EXPECT_EQ(queue.line_back(first_campaign), Ticket{});
  park("a", 4);
  park("b", 7);
  queue.settle_line(first_campaign, std::vector(2, Outcome::issued));
  EXPECT_EQ(queue.line_back(first_campaign), Ticket{7});
  EXPECT_EQ(queue.line_back(second_campaign), Ticket{});
  queue.remember(second_campaign, identity_of("c"), Ticket{3}, Outcome::sold_out);
  EXPECT_EQ(queue.line_back(second_campaign), Ticket{3});
}

// The ledger knows the winners; who lost could not be told otherwise.
TEST_F(MemoryQueueTest, remembers_losers_and_forgets_winners) {
  park("a", 1);
  park("b", 2);
  queue.settle_line(first_campaign, std::vector{Outcome::issued, Outcome::sold_out});
  EXPECT_FALSE(queue.place(first_campaign, identity_of("a")));
  EXPECT_EQ(place("b").outcome, Outcome::sold_out);
  EXPECT_EQ(place("b").position, 0U);
  EXPECT_EQ(queue.depth().parked, 0U);
}

TEST_F(MemoryQueueTest, shows_a_users_newest_claim_and_each_under_its_key) {
  park("a", 1, "k1");
  park("a", 2, "k2");
  EXPECT_EQ(place("a").ticket, Ticket{2});
  EXPECT_EQ(place("a", "k1").ticket, Ticket{1});
  EXPECT_EQ(place("a", "k2").ticket, Ticket{2});
  EXPECT_EQ(place("a", "k3").outcome, Outcome::not_open);
  queue.settle_line(first_campaign, std::vector{Outcome::limit_reached});
  EXPECT_EQ(place("a", "k1").outcome, Outcome::limit_reached);
  EXPECT_EQ(place("a").outcome, Outcome::queued) << "the newer one waits still";
}

TEST_F(MemoryQueueTest, lets_who_lost_stand_in_line_again) {
  park("a", 1);
  queue.settle_line(first_campaign, std::vector{Outcome::sold_out});
  park("a", 2);
  EXPECT_EQ(place("a").outcome, Outcome::queued);
  EXPECT_EQ(place("a").position, 1U);
}

TEST_F(MemoryQueueTest, restores_who_had_a_verdict) {
  queue.remember(first_campaign, identity_of("a", "k"), Ticket{3}, Outcome::sold_out);
  EXPECT_EQ(place("a").outcome, Outcome::sold_out);
  EXPECT_EQ(place("a", "k").ticket, Ticket{3});
  EXPECT_EQ(queue.depth().parked, 0U);
  EXPECT_EQ(queue.line_length(first_campaign), 0U);
}

TEST_F(MemoryQueueTest, parks_in_ticket_order_only) {
  park("a", 2);
  EXPECT_DEATH(park("b", 1), "parked out of ticket order");
}

// Order comes from a number given at one point: whatever the threads do, no ticket is given twice
// or left out, and one desk's claims keep their order.
TEST(MemoryQueueThreads, tickets_are_unique_and_in_each_producers_order) {
  constexpr int producers = 4;
  constexpr int messages = 500;
  MemoryQueue queue(Epoch{1}, Ticket{1}, [] {});
  std::vector<std::vector<Claim>> brought(producers);
  std::vector<Claim> taken;
  {
    std::vector<std::jthread> threads;
    for (int p = 0; p < producers; ++p) {
      threads.emplace_back([&queue, &mine = brought[static_cast<std::size_t>(p)], p] {
        for (int i = 0; i < messages; ++i) {
          std::vector<Claim> message(1 + static_cast<std::size_t>(i % 3), claim_of("u"));
          for (Claim& claim : message) claim.reply_to.desk = static_cast<std::uint16_t>(p);
          queue.enqueue(message);
          mine.insert(mine.end(), message.begin(), message.end());
        }
      });
    }
    while (taken.size() < producers * (messages * 2 - 1)) {
      const auto batch = queue.take_batch(64);
      taken.insert(taken.end(), batch.begin(), batch.end());
      queue.settle(batch.size());
    }
  }
  for (std::size_t i = 0; i < taken.size(); ++i) ASSERT_EQ(taken[i].ticket, Ticket{i + 1});
  std::set<Ticket> seen;
  for (const auto& mine : brought) {
    EXPECT_TRUE(std::ranges::is_sorted(mine, {}, &Claim::ticket));
    for (const Claim& claim : mine) EXPECT_TRUE(seen.insert(claim.ticket).second);
  }
  EXPECT_EQ(seen.size(), taken.size());
  EXPECT_EQ(queue.depth().arrived, 0U);
}

}  // namespace
}  // namespace firstcome
