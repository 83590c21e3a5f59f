#include "issue/issuer.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "unit/support/samples.hpp"

namespace firstcome {
namespace {

using testing::at_second;
using testing::campaign_of;
using testing::claim_of;
using testing::codes;
using testing::coupon_of;
using Way = Candidate::Way;

const Issuer issuer(codes);
constexpr Time decided_at = at_second(500);

// A batch written as a test wants to read it; tickets rise as claims are added.
class BatchOf {
 public:
  explicit BatchOf(const Campaign& campaign) : campaign_(campaign) {}

  BatchOf& add(const std::string& user, const std::string& key = {}, Way way = Way::instant) {
    return add_to(campaign_, user, key, way);
  }
  BatchOf& add_to(const Campaign& campaign, const std::string& user, const std::string& key = {},
                  Way way = Way::instant) {
    Claim& claim = claims_->emplace_back(claim_of(user, key, campaign.number));
    claim.ticket = Ticket{claims_->size()};
    claim.epoch = Epoch{3};
    claim.arrived_at = at_second(400);
    candidates.push_back({.claim = &claim, .campaign = &campaign, .way = way});
    return *this;
  }

  [[nodiscard]] Decision decide() const { return issuer.decide(candidates, decided_at); }
  // "issued 1, sold_out, …"; a repeated one ends with '.
  [[nodiscard]] std::string answers() const {
    std::string text;
    for (const Answer& answer : decide().answers) {
      if (!text.empty()) text += ", ";
      text += to_string(answer.outcome);
      if (answer.outcome == Outcome::issued) text += " " + std::to_string(answer.coupon.rank.value);
      if (answer.outcome == Outcome::queued)
        text += " " + std::to_string(answer.place.ticket.value);
      if (answer.repeated) text += "'";
    }
    return text;
  }

  std::vector<Candidate> candidates;

 private:
  const Campaign& campaign_;
  std::shared_ptr<std::deque<Claim>> claims_ = std::make_shared<std::deque<Claim>>();
};

TEST(Issuer, goes_on_from_the_campaigns_last_rank) {
  const Campaign campaign = campaign_of({.stock = 100}, 41);
  EXPECT_EQ(BatchOf(campaign).add("a").add("b").answers(), "issued 42, issued 43");
}

TEST(Issuer, ends_at_the_stock_within_a_batch) {
  const Campaign campaign = campaign_of({.stock = 2});
  EXPECT_EQ(BatchOf(campaign).add("a").add("b").add("c").add("d").answers(),
            "issued 1, issued 2, sold_out, sold_out");
}

TEST(Issuer, gives_equal_answers_to_equal_claims_of_one_batch) {
  const Campaign campaign = campaign_of({.stock = 2});
  const BatchOf batch = BatchOf(campaign).add("a").add("a").add("b").add("a").add("b").add("c");
  EXPECT_EQ(batch.answers(), "issued 1, issued 1', issued 2, issued 1', issued 2', sold_out");
  const Decision decision = batch.decide();
  EXPECT_EQ(decision.answers[3].coupon, decision.answers[0].coupon);
  EXPECT_EQ(decision.rows.coupons.size(), 2U);
}

TEST(Issuer, with_one_coupon_each_does_not_look_at_keys) {
  const Campaign campaign = campaign_of({.stock = 9});
  EXPECT_EQ(BatchOf(campaign).add("a", "k1").add("a", "k2").add("a").answers(),
            "issued 1, issued 1', issued 1'");
}

TEST(Issuer, with_two_each_tells_claims_apart_by_their_keys) {
  const Campaign campaign = campaign_of({.stock = 9, .per_user = 2});
  EXPECT_EQ(BatchOf(campaign).add("a", "k1").add("a", "k1").add("a", "k2").add("a", "k3").answers(),
            "issued 1, issued 1', issued 2, limit_reached");
  EXPECT_EQ(BatchOf(campaign).add("a", "k").add("b", "k").answers(), "issued 1, issued 2")
      << "a key is its user's own";
  EXPECT_EQ(BatchOf(campaign).add("a").add("a").add("a").answers(),
            "issued 1, issued 2, limit_reached")
      << "without a key every claim is a further one";
}

TEST(Issuer, numbers_a_users_coupons) {
  const Campaign campaign = campaign_of({.stock = 9, .per_user = 3});
  BatchOf batch = BatchOf(campaign).add("a").add("b").add("a");
  batch.candidates[0].standing = {.coupons = 1, .first = coupon_of(1)};
  batch.candidates[2].standing = {.coupons = 1, .first = coupon_of(1)};
  const auto rows = batch.decide().rows.coupons;
  EXPECT_EQ(rows[0].coupon.nth, 2U);
  EXPECT_EQ(rows[1].coupon.nth, 1U);
  EXPECT_EQ(rows[2].coupon.nth, 3U);
}

TEST(Issuer, keeps_campaigns_apart_within_a_batch) {
  const Campaign one = campaign_of({.stock = 1}, 0, CampaignNumber{1});
  const Campaign two = campaign_of({.stock = 9}, 4, CampaignNumber{2});
  EXPECT_EQ(
      BatchOf(one).add("a").add_to(two, "a").add("b").add_to(two, "b").add_to(two, "a").answers(),
      "issued 1, issued 5, sold_out, issued 6, issued 5'");
}

TEST(Issuer, writes_down_whom_and_under_which_ticket) {
  const Campaign campaign = campaign_of({.stock = 9, .coupon_ttl = std::chrono::seconds(60)}, 4);
  const CouponRow row = BatchOf(campaign).add("a", "k").decide().rows.coupons.at(0);
  EXPECT_EQ(row.campaign, campaign.number);
  EXPECT_EQ(row.user.view(), "a");
  EXPECT_EQ(row.key.view(), "k");
  EXPECT_EQ(row.epoch, Epoch{3});
  EXPECT_EQ(row.ticket, Ticket{1});
  EXPECT_EQ(row.coupon, (Coupon{.rank = Rank{5},
                                .nth = 1,
                                .code = codes.code(campaign.number, Rank{5}),
                                .issued_at = decided_at,
                                .expires_at = at_second(560)}));
}

TEST(Issuer, looks_at_the_window_as_of_arrival_and_not_of_decision) {
  const Campaign open_then = campaign_of({.stock = 9, .closes_at = at_second(401)});
  EXPECT_EQ(BatchOf(open_then).add("a").answers(), "issued 1");
  const Campaign closed_then = campaign_of({.stock = 9, .closes_at = at_second(400)});
  EXPECT_EQ(BatchOf(closed_then).add("a").answers(), "closed");
  const Campaign opened_since = campaign_of({.stock = 9, .opens_at = at_second(401)});
  EXPECT_EQ(BatchOf(opened_since).add("a").answers(), "not_open");
}

TEST(Issuer, parks_a_claim_once) {
  const Campaign campaign = campaign_of({.stock = 9, .mode = Mode::paced});
  const BatchOf batch = BatchOf(campaign)
                            .add("a", "k1", Way::park)
                            .add("b", "k1", Way::park)
                            .add("a", "k2", Way::park);
  EXPECT_EQ(batch.answers(), "queued 1, queued 2, queued 1'");
  const BatchRows rows = batch.decide().rows;
  EXPECT_EQ(rows.parked.size(), 2U);
  EXPECT_TRUE(rows.coupons.empty());
}

TEST(Issuer, parks_each_claim_of_a_user_who_may_have_several) {
  const Campaign campaign = campaign_of({.stock = 9, .per_user = 2, .mode = Mode::paced});
  EXPECT_EQ(BatchOf(campaign)
                .add("a", "k1", Way::park)
                .add("a", "k1", Way::park)
                .add("a", "k2", Way::park)
                .add("a", "", Way::park)
                .add("a", "", Way::park)
                .answers(),
            "queued 1, queued 1', queued 3, queued 4, queued 5");
}

TEST(Issuer, leaves_a_claim_that_waits_already_at_its_place) {
  const Campaign campaign = campaign_of({.stock = 9, .mode = Mode::paced});
  BatchOf batch = BatchOf(campaign).add("a", "", Way::park);
  batch.candidates[0].place = Place{.ticket = Ticket{77}, .position = 5};
  EXPECT_EQ(batch.answers(), "queued 77'");
  EXPECT_TRUE(batch.decide().rows.empty());
  batch.candidates[0].place = Place{.ticket = Ticket{77}, .outcome = Outcome::sold_out};
  EXPECT_EQ(batch.answers(), "queued 1") << "it has lost before; this is a new one";
}

TEST(Issuer, tells_who_waits_so_whatever_has_become_of_the_campaign) {
  for (const CampaignSettings& settings :
       {CampaignSettings{.stock = 9, .mode = Mode::paced, .paused = true},
        CampaignSettings{.stock = 9, .closes_at = at_second(1), .mode = Mode::paced},
        CampaignSettings{.stock = 0, .mode = Mode::paced}}) {
    const Campaign campaign = campaign_of(settings);
    BatchOf batch = BatchOf(campaign).add("a", "", Way::park);
    batch.candidates[0].place = Place{.ticket = Ticket{77}, .position = 5};
    EXPECT_EQ(batch.answers(), "queued 77'");
    EXPECT_TRUE(batch.decide().rows.empty());
  }
}

TEST(Issuer, tells_nobody_that_he_waits_whom_the_same_batch_has_settled) {
  const Campaign campaign = campaign_of({.stock = 0, .mode = Mode::paced});
  BatchOf batch = BatchOf(campaign).add("a", "", Way::due).add("a", "", Way::park);
  batch.candidates[1].place = Place{.ticket = Ticket{1}, .position = 1};
  EXPECT_EQ(batch.answers(), "sold_out, sold_out");
}

TEST(Issuer, serves_the_line_before_those_who_arrive) {
  const Campaign campaign = campaign_of({.stock = 2, .mode = Mode::paced});
  EXPECT_EQ(BatchOf(campaign)
                .add("a", "", Way::due)
                .add("b", "", Way::due)
                .add("c", "", Way::due)
                .add("a", "", Way::park)
                .add("d", "", Way::park)
                .answers(),
            "issued 1, issued 2, sold_out, issued 1', sold_out");
}

TEST(Issuer, settles_whoever_leaves_the_line_and_nobody_else) {
  const Campaign campaign = campaign_of({.stock = 1, .mode = Mode::paced});
  const auto settled = BatchOf(campaign)
                           .add("a", "", Way::due)
                           .add("a", "", Way::due)
                           .add("b", "", Way::due)
                           .add("c", "", Way::park)
                           .decide()
                           .rows.settled;
  ASSERT_EQ(settled.size(), 3U);
  EXPECT_EQ(settled[0].outcome, Outcome::issued);
  EXPECT_EQ(settled[1].outcome, Outcome::issued) << "it has the coupon of the first";
  EXPECT_EQ(settled[2].outcome, Outcome::sold_out);
  EXPECT_EQ(settled[2].ticket, Ticket{3});
}

TEST(Issuer, lets_neither_pause_nor_close_hurt_who_was_in_time) {
  const Campaign over =
      campaign_of({.stock = 9, .closes_at = at_second(1), .mode = Mode::paced, .paused = true});
  EXPECT_EQ(BatchOf(over).add("a", "", Way::due).add("b", "", Way::park).answers(),
            "issued 1, paused");
}

TEST(Issuer, decides_nothing_about_nobody) {
  const Decision decision = issuer.decide({}, decided_at);
  EXPECT_TRUE(decision.answers.empty());
  EXPECT_TRUE(decision.rows.empty());
}

}  // namespace
}  // namespace firstcome
