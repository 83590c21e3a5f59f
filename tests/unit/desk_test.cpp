#include "desk/desk.hpp"

#include <gtest/gtest.h>

#include "queue/memory_queue.hpp"
#include "unit/support/manual_clock.hpp"
#include "unit/support/memory_ledger.hpp"
#include "unit/support/samples.hpp"

namespace firstcome {
namespace {

using testing::campaign_of;
using testing::first_campaign;
using testing::identity_of;

class DeskTest : public ::testing::Test {
 protected:
  static constexpr Desk::Limits limits{.waiting_max = 2, .queue_depth = 1};

  DeskTest() { service.set(Service::State::ready); }

  void hold(const CampaignSettings& settings, std::uint32_t issued = 0) {
    ledger.hold(campaign_of(settings, issued));
    board.put_up(ledger.campaign(first_campaign));
  }

  void give(const std::string& user, std::uint32_t rank, const std::string& key = {},
            std::uint32_t nth = 1) {
    CouponRow row{.campaign = first_campaign};
    row.identity = identity_of(user, key);
    row.coupon = testing::coupon_of(rank, nth);
    ledger.coupons.push_back(row);
  }

  std::string claim(const std::string& user, const std::string& key = {},
                    const std::string& campaign = "c1") {
    const Desk::Reply reply = desk.claim(CampaignId::trusted(campaign), UserId::trusted(user),
                                         IdempotencyKey::trusted(key), {});
    if (std::holds_alternative<Desk::Wait>(reply)) return "wait";
    if (const auto* refusal = std::get_if<Desk::Refusal>(&reply)) {
      constexpr const char* names[] = {"unknown_campaign", "overloaded", "draining", "unavailable"};
      return names[static_cast<std::size_t>(*refusal)];
    }
    const Answer& answer = std::get<Answer>(reply);
    if (answer.outcome != Outcome::issued) return std::string(to_string(answer.outcome));
    EXPECT_TRUE(answer.repeated) << "nothing new is issued at the desk";
    return "rank " + std::to_string(answer.coupon.rank.value);
  }

  testing::ManualClock clock;
  testing::MemoryLedger ledger;
  MemoryQueue queue{Epoch{1}, Ticket{1}, [] {}};
  Board board;
  Service service;
  Metrics metrics;
  Desk desk{{.board = board,
             .ledger = ledger,
             .queue = queue,
             .fingerprints = testing::fingerprints,
             .clock = clock,
             .service = service},
            limits,
            metrics.shard()};
};

TEST_F(DeskTest, answers_at_once_what_cannot_change) {
  struct Case {
    CampaignSettings settings;
    std::uint32_t issued;
    const char* answer;
  };
  const Time now = clock.now();
  const Case cases[] = {
      {{.stock = 9}, 3, "wait"},
      {{.stock = 9}, 9, "sold_out"},
      {{.stock = 9, .opens_at = now + std::chrono::milliseconds(1)}, 0, "not_open"},
      {{.stock = 9, .opens_at = now}, 0, "wait"},
      {{.stock = 9, .closes_at = now}, 0, "closed"},
      {{.stock = 9, .closes_at = now + std::chrono::milliseconds(1)}, 0, "wait"},
      {{.stock = 9, .paused = true}, 9, "paused"},
  };
  hold({.stock = 9});
  for (const Case& one : cases) {
    board.put_up(campaign_of(one.settings, one.issued));
    EXPECT_EQ(claim("a"), one.answer);
    if (desk.waiting() > 0) desk.note_verdict({});
  }
}

TEST_F(DeskTest, gives_who_won_the_coupon_whatever_has_become_of_the_campaign) {
  hold({.stock = 1, .paused = true}, 1);
  give("a", 1);
  EXPECT_EQ(claim("a"), "rank 1");
  EXPECT_EQ(claim("b"), "paused");
  service.set(Service::State::draining);
  EXPECT_EQ(claim("a"), "rank 1");
  EXPECT_EQ(claim("b"), "paused");
}

// Promise 5, where another server's last coupons are not in memory yet.
TEST_F(DeskTest, leaves_who_comes_just_after_the_end_to_the_issuer_where_others_issue) {
  const Time now = clock.now();
  hold({.stock = 9, .closes_at = now}, 1);
  give("a", 1);
  ledger.shared = true;
  EXPECT_EQ(claim("a"), "rank 1");
  EXPECT_EQ(claim("b"), "wait");
  board.put_up(campaign_of({.stock = 9, .closes_at = now - std::chrono::seconds(2)}, 1));
  EXPECT_EQ(claim("b"), "closed");
  board.put_up(campaign_of({.stock = 9, .closes_at = now, .paused = true}, 1));
  EXPECT_EQ(claim("b"), "paused");
}

TEST_F(DeskTest, tells_a_users_claims_apart_by_their_keys) {
  hold({.stock = 9, .per_user = 2}, 2);
  give("a", 1, "k1");
  give("a", 2, "k2", 2);
  EXPECT_EQ(claim("a", "k1"), "rank 1");
  EXPECT_EQ(claim("a", "k2"), "rank 2");
  EXPECT_EQ(claim("a", "k3"), "limit_reached");
  EXPECT_EQ(claim("a"), "limit_reached");
}

TEST_F(DeskTest, sends_what_it_gathered_as_one_message) {
  hold({.stock = 9});
  EXPECT_EQ(claim("a"), "wait");
  EXPECT_EQ(claim("b", "k"), "wait");
  EXPECT_EQ(queue.depth().arrived, 0U) << "not before the round's end";
  desk.flush();
  const auto batch = queue.take_batch(9);
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch[1].user.view(), "b");
  EXPECT_EQ(batch[1].key.view(), "k");
  EXPECT_EQ(batch[1].arrived_at, clock.now());
  desk.flush();
  EXPECT_EQ(queue.depth().arrived, 2U) << "once";
}

// Promise 11: refused before it has a ticket, never after.
TEST_F(DeskTest, takes_no_more_than_may_wait) {
  hold({.stock = 9});
  give("winner", 1);
  EXPECT_EQ(claim("a"), "wait");
  EXPECT_EQ(claim("b"), "wait");
  EXPECT_EQ(claim("c"), "overloaded");
  EXPECT_EQ(claim("winner"), "rank 1") << "who has won waits for nothing";
  desk.flush();
  EXPECT_EQ(claim("c"), "overloaded");
  desk.note_verdict({});
  EXPECT_EQ(claim("c"), "wait");
}

TEST_F(DeskTest, takes_nothing_unless_it_is_ready) {
  hold({.stock = 9});
  service.set(Service::State::draining);
  EXPECT_EQ(claim("a"), "draining");
  service.set(Service::State::failed);
  EXPECT_EQ(claim("a"), "unavailable");
  EXPECT_EQ(desk.waiting(), 0U);
}

TEST_F(DeskTest, knows_no_campaign_that_is_not_on_the_board) {
  EXPECT_EQ(claim("a"), "unknown_campaign");
  EXPECT_FALSE(desk.status(CampaignId::trusted("c1"), UserId::trusted("a")));
}

TEST_F(DeskTest, says_how_a_user_stands) {
  hold({.stock = 9, .mode = Mode::paced, .pace = {.batch = 2}});
  for (std::uint64_t ticket = 1; ticket <= 3; ++ticket) {
    Claim claim = testing::claim_of("u" + std::to_string(ticket));
    claim.ticket = Ticket{ticket};
    queue.park(claim);
  }
  give("winner", 1);
  const auto waits = desk.status(CampaignId::trusted("c1"), UserId::trusted("u3"));
  EXPECT_EQ(waits->place->position, 3U);
  EXPECT_EQ(waits->eta, std::chrono::seconds(2));
  EXPECT_EQ(waits->coupons, 0U);
  const auto won = desk.status(CampaignId::trusted("c1"), UserId::trusted("winner"));
  EXPECT_EQ(won->first->rank, Rank{1});
  EXPECT_FALSE(won->place);
}

// Promise 5: the answer to a claim that waits stays the same until its verdict.
TEST_F(DeskTest, tells_who_waits_so_whatever_has_become_of_the_campaign) {
  Claim parked = testing::claim_of("a");
  parked.ticket = Ticket{1};
  queue.park(parked);
  hold({.stock = 9, .mode = Mode::paced, .paused = true});
  EXPECT_EQ(claim("a"), "queued");
  EXPECT_EQ(claim("b"), "paused");
  const std::vector<Outcome> lost{Outcome::sold_out};
  queue.settle_line(first_campaign, lost);
  EXPECT_EQ(claim("a"), "paused") << "it has its verdict; this is a new claim";
}

TEST_F(DeskTest, refuses_who_would_stand_behind_a_full_line) {
  hold({.stock = 9, .mode = Mode::paced});
  EXPECT_EQ(claim("a"), "wait");
  Claim parked = testing::claim_of("a");
  parked.ticket = Ticket{1};
  queue.park(parked);
  EXPECT_EQ(claim("b"), "overloaded");
  EXPECT_EQ(claim("a"), "queued") << "it stands in the line";
  board.put_up(campaign_of({.stock = 9, .mode = Mode::paced}, 9));
  EXPECT_EQ(claim("b"), "sold_out") << "it could not win anyhow";
}

// A ledger that can commit no more is never taken for one that can, whoever else sets the state.
TEST(Service, once_failed_stays_failed) {
  Service service;
  EXPECT_EQ(service.state(), Service::State::starting);
  service.set(Service::State::ready);
  EXPECT_EQ(service.state(), Service::State::ready);
  service.set(Service::State::failed);
  service.set(Service::State::ready);
  EXPECT_EQ(service.state(), Service::State::failed);
  service.set(Service::State::draining);
  EXPECT_EQ(service.state(), Service::State::failed);
}

TEST(Board, shows_campaigns_as_they_were_last_put_up) {
  Board board;
  board.put_up(campaign_of({.stock = 1}, 0, CampaignNumber{1}));
  board.put_up(campaign_of({.stock = 2}, 0, CampaignNumber{2}));
  board.put_up(campaign_of({.stock = 1}, 1, CampaignNumber{1}));
  EXPECT_EQ(board.find(CampaignId::trusted("c1"))->issued, 1U);
  EXPECT_FALSE(board.find(CampaignId::trusted("c3")));
  EXPECT_EQ(board.at(CampaignNumber{2}).settings->stock, 2U);
  EXPECT_EQ(board.page(CampaignNumber{0}, 9).size(), 2U);
  EXPECT_EQ(board.page(CampaignNumber{0}, 1)[0].number, CampaignNumber{1});
  EXPECT_EQ(board.page(CampaignNumber{1}, 9)[0].number, CampaignNumber{2});
  EXPECT_TRUE(board.page(CampaignNumber{2}, 9).empty());
  EXPECT_TRUE(board.page(CampaignNumber{99}, 9).empty());
  EXPECT_DEATH(board.put_up(campaign_of({}, 0, CampaignNumber{4})), "in order of their numbers");
}

}  // namespace
}  // namespace firstcome
