#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "unit/verify_tampering.hpp"

// Each way to break a promise is noticed, by exactly the promises that it breaks. A mutation takes
// a true world and falsifies the ledger, the history, or both alike (what a wrong server would have
// done and told); it says no to a world that lacks what it needs.

namespace firstcome::testing {
namespace {

using Mutation = std::function<bool(World&)>;

// Applies the mutation to worlds of many seeds, and checks that enough of them could take it.
void expect_breaks(WorldShape shape, const std::set<int>& promises, const Mutation& mutate) {
  int applied = 0;
  for (shape.seed = 1; shape.seed <= 60; ++shape.seed) {
    World world = make_world(shape);
    if (!mutate(world)) continue;
    ++applied;
    ASSERT_EQ(broken(world), promises) << "seed " << shape.seed;
  }
  EXPECT_GE(applied, 10);
}

const WorldShape plenty{.stock = 1000};
const WorldShape scarce{.stock = 25};
const WorldShape keyed{.per_user = 2, .claims_per_user = 3, .keyed = true};
const WorldShape keyless{.per_user = 2, .claims_per_user = 2};
const WorldShape paced{.paced = true};

TEST(VerifyMutation, OverIssue) {
  // To a user of whom nothing is known but that he asked before the stock was gone.
  expect_breaks(scarce, {1}, [](World& world) {
    add_row(world, "lucky");
    world.attempts.push_back({.campaign = "demo", .user = "lucky", .outcome = "unknown"});
    return true;
  });
}

TEST(VerifyMutation, TwoRowsForOneUser) {
  expect_breaks(plenty, {2}, [](World& world) {
    add_row(world, world.coupons.front().user.str());
    return true;
  });
}

TEST(VerifyMutation, DroppedRow) {
  expect_breaks(plenty, {3}, [](World& world) {
    if (told(world, world.coupons.back()) == nullptr) return false;
    world.coupons.pop_back();
    return true;
  });
}

TEST(VerifyMutation, DroppedRowInTheMiddle) {
  expect_breaks(plenty, {3, 6}, [](World& world) {
    if (told(world, world.coupons[5]) == nullptr) return false;
    world.coupons.erase(world.coupons.begin() + 5);
    return true;
  });
}

TEST(VerifyMutation, DroppedRowOfASoldOutCampaign) {
  expect_breaks(scarce, {3, 8, 10}, [](World& world) {
    if (told(world, world.coupons.back()) == nullptr) return false;
    world.coupons.pop_back();
    return true;
  });
}

TEST(VerifyMutation, ChangedCode) {
  expect_breaks(plenty, {3}, [](World& world) {
    if (told(world, world.coupons[3]) == nullptr) return false;
    world.coupons[3].coupon.code = code_for("demo", 4, 1);
    return true;
  });
}

TEST(VerifyMutation, CouponOfAnotherUser) {
  expect_breaks(plenty, {3}, [](World& world) {
    if (told(world, world.coupons[3]) == nullptr) return false;
    world.coupons[3].user = UserId::trusted("thief");
    return true;
  });
}

TEST(VerifyMutation, GhostOfARefusal) {
  for (const auto& [status, outcome] :
       {std::pair(503, "overloaded"), {429, "rate_limited"}, {409, "sold_out_soon"}}) {
    expect_breaks(plenty, {4}, [&](World& world) {
      add_answer(world, "ghost", status, outcome);
      add_row(world, "ghost");
      return true;
    });
  }
}

TEST(VerifyMutation, GhostUnderAKeyThatWasNeverSent) {
  expect_breaks(keyed, {4}, [](World& world) {
    add_answer(world, "ghost", 503, "overloaded").key = "k1";
    add_row(world, "ghost", "k2");
    return true;
  });
}

TEST(VerifyMutation, GhostBesideACouponWithoutKeys) {
  expect_breaks(keyless, {4}, [](World& world) {
    const AuditedCoupon won = add_row(world, "ghost");
    add_answer(world, "ghost", 503, "overloaded");
    Attempt& yes = add_answer(world, "ghost", 201, "issued");
    yes.rank = won.coupon.rank.value;
    yes.code = to_string(won.coupon.code);
    add_row(world, "ghost");
    return true;
  });
}

TEST(VerifyMutation, RetryWithAnotherAnswer) {
  expect_breaks(keyed, {5}, [](World& world) {
    for (const AuditedCoupon& coupon : world.coupons) {
      const auto other = std::ranges::find_if(world.coupons, [&](const AuditedCoupon& candidate) {
        return candidate.user == coupon.user && candidate.key != coupon.key;
      });
      if (other == world.coupons.end() || told(world, coupon) == nullptr) continue;
      Attempt& retry = add_answer(world, coupon.user.str(), 200, "issued");
      retry.key = coupon.key.str();
      retry.rank = other->coupon.rank.value;
      retry.code = to_string(other->coupon.code);
      return true;
    }
    return false;
  });
}

TEST(VerifyMutation, RetryWithAnInventedAnswer) {
  expect_breaks(plenty, {3, 5}, [](World& world) {
    if (told(world, world.coupons.front()) == nullptr) return false;
    Attempt& retry = add_answer(world, world.coupons.front().user.str(), 200, "issued");
    retry.rank = 500;
    retry.code = to_string(code_for("demo", 500));
    return true;
  });
}

TEST(VerifyMutation, RetryOfAWinnerToldNo) {
  for (const std::string outcome : {"sold_out", "closed", "paused"}) {
    expect_breaks(scarce, {5}, [&](World& world) {
      if (told(world, world.coupons.front()) == nullptr) return false;
      add_answer(world, world.coupons.front().user.str(), 409, outcome);
      return true;
    });
  }
}

TEST(VerifyMutation, TwoRowsForOneKey) {
  expect_breaks({.per_user = 2, .keyed = true}, {5}, [](World& world) {
    for (const AuditedCoupon& coupon : world.coupons) {
      if (rows_of(world, coupon.user.str()) != 1) continue;
      add_row(world, coupon.user.str(), coupon.key.str());
      return true;
    }
    return false;
  });
}

TEST(VerifyMutation, GapInRanks) {
  expect_breaks(plenty, {6}, [](World& world) {
    change_everywhere(world, world.coupons.size() - 1, [](Coupon& last) { ++last.rank.value; });
    return true;
  });
}

TEST(VerifyMutation, RankGivenTwice) {
  expect_breaks(plenty, {6}, [](World& world) {
    change_everywhere(world, world.coupons.size() - 1, [](Coupon& last) { --last.rank.value; });
    return true;
  });
}

TEST(VerifyMutation, CodeGivenTwice) {
  expect_breaks(plenty, {6}, [](World& world) {
    const CouponCode code = world.coupons.front().coupon.code;
    change_everywhere(world, 7, [&](Coupon& coupon) { coupon.code = code; });
    return true;
  });
}

TEST(VerifyMutation, CodeGivenInTwoCampaigns) {
  World world = make_world({.seed = 1, .campaign = "a"});
  World other = make_world({.seed = 2, .campaign = "b"});
  change_everywhere(other, 3, [&](Coupon& coupon) { coupon.code = code_for("a", 9); });
  world.append(other);
  EXPECT_EQ(broken(world), std::set{6});
}

TEST(VerifyMutation, SwappedRanks) {
  expect_breaks(plenty, {7}, swap_first_and_last);
  expect_breaks(scarce, {7}, swap_first_and_last);
}

TEST(VerifyMutation, SwappedRanksAreSeenWithoutALedger) {
  World world = make_world({.seed = 4});
  while (told(world, world.coupons.back()) == nullptr) world.coupons.pop_back();
  ASSERT_TRUE(swap_first_and_last(world));
  EXPECT_EQ(broken(world, Facts::Source::none), std::set{7});
}

// A place in the queue is a place: the coupon was never shown, but 202 was answered in time.
TEST(VerifyMutation, SwappedQueue) {
  expect_breaks(paced, {7}, [](World& world) {
    const std::string first = world.coupons.front().user.str();
    const std::string last = world.coupons.back().user.str();
    const auto attempt = std::ranges::find(world.attempts, first, &Attempt::user);
    const bool once = std::ranges::count(world.attempts, first, &Attempt::user) == 1;
    if (!once || attempt->outcome != "queued") return false;
    if (*attempt->got_ns >= first_sent(world, last)) return false;
    swap_ranks(world, 0, world.coupons.size() - 1);
    return true;
  });
}

TEST(VerifyMutation, TicketsOutOfOrder) {
  expect_breaks(plenty, {7}, [](World& world) {
    std::swap(world.coupons[4].ticket, world.coupons[5].ticket);
    return true;
  });
}

TEST(VerifyMutation, SoldOutTooEarly) {
  expect_breaks(scarce, {8}, [](World& world) {
    Attempt& early = add_answer(world, "early", 409, "sold_out");
    early.sent_ns = first_sent(world, world.coupons.back().user.str()) - 2;
    early.got_ns = early.sent_ns + 1;
    return true;
  });
}

TEST(VerifyMutation, LateWinner) {
  expect_breaks(scarce, {8}, [](World& world) {
    const std::string winner = world.coupons.back().user.str();
    if (world.attempts.empty() || told(world, world.coupons.back()) == nullptr) return false;
    const std::int64_t later = end_of(world);
    for (Attempt& attempt : world.attempts) {
      if (attempt.user != winner) continue;
      attempt.sent_ns += later;
      if (attempt.got_ns) *attempt.got_ns += later;
    }
    return true;
  });
}

TEST(VerifyMutation, SoldOutWithStockLeft) {
  expect_breaks(plenty, {8}, [](World& world) {
    add_answer(world, "unlucky", 409, "sold_out");
    return true;
  });
}

TEST(VerifyMutation, LimitReachedWithoutCoupons) {
  expect_breaks(keyed, {9}, [](World& world) {
    add_answer(world, "unlucky", 409, "limit_reached").key = "k1";
    return true;
  });
}

TEST(VerifyMutation, LimitReachedBeforeTheCoupons) {
  expect_breaks(keyed, {9}, [](World& world) {
    for (const AuditedCoupon& coupon : world.coupons) {
      if (rows_of(world, coupon.user.str()) < 2) continue;
      Attempt& early = add_answer(world, coupon.user.str(), 409, "limit_reached");
      early.key = "k9";
      early.sent_ns = -2;
      early.got_ns = -1;
      return true;
    }
    return false;
  });
}

TEST(VerifyMutation, LostQueuedClaim) {
  expect_breaks(paced, {10}, [](World& world) {
    const std::string last = world.coupons.back().user.str();
    const bool was_queued = std::ranges::any_of(world.attempts, [&](const Attempt& attempt) {
      return attempt.user == last && attempt.outcome == "queued";
    });
    if (!was_queued || !only_told(world, last, {"queued", "unknown"})) return false;
    world.coupons.pop_back();
    return true;
  });
}

TEST(VerifyMutation, QueuedClaimWithoutVerdict) {
  expect_breaks(paced, {10}, [](World& world) {
    world.unsettled = 1;
    return true;
  });
}

TEST(VerifyMutation, ServerError) {
  for (const int status : {500, 502, 504}) {
    expect_breaks(plenty, {11}, [&](World& world) {
      add_answer(world, "unlucky", status, "internal");
      return true;
    });
  }
}

}  // namespace
}  // namespace firstcome::testing
