#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "issue/issuer.hpp"
#include "unit/support/samples.hpp"

// Random batches over a small world, so that users, keys and the end of the stock meet often. What
// is decided is added to a plain list of rows, from which the next batch's standings are read.

namespace firstcome {
namespace {

using testing::codes;

struct Wish {
  std::uint8_t campaign, user, key, way;
};

struct Setup {
  std::vector<std::uint32_t> stock, per_user;  // by campaign
  std::vector<std::vector<Wish>> batches;
};

class SmallWorld {
 public:
  explicit SmallWorld(const Setup& setup) {
    for (std::uint32_t i = 0; i < setup.stock.size(); ++i) {
      campaigns_.push_back(testing::campaign_of(
          {.stock = setup.stock[i], .per_user = setup.per_user[i]}, 0, CampaignNumber{i + 1}));
    }
  }

  void run(const std::vector<Wish>& wishes) {
    std::vector<Claim> claims;
    for (const Wish& wish : wishes) claims.push_back(claim_of(wish));
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < claims.size(); ++i) {
      const Campaign& campaign = campaigns_[claims[i].campaign.value - 1];
      const Candidate::Way ways[] = {Candidate::Way::instant, Candidate::Way::park,
                                     Candidate::Way::due};
      candidates.push_back({.claim = &claims[i],
                            .campaign = &campaign,
                            .standing = standing_of(claims[i]),
                            .way = ways[wishes[i].way % 3]});
    }
    const Decision decision = issuer_.decide(candidates, Time{});
    check_deterministic(candidates, decision);
    check_answers(candidates, decision);
    for (const CouponRow& row : decision.rows.coupons) {
      rows.push_back(row);
      campaigns_[row.campaign.value - 1].issued = row.coupon.rank.value;
    }
  }

  // Promises 1, 2 and 6, and one row a claim of promise 5.
  void check_rows() const {
    std::map<CampaignNumber, std::uint32_t> last_rank;
    std::map<std::pair<CampaignNumber, UserId>, std::uint32_t> last_nth;
    std::set<std::tuple<CampaignNumber, UserId, IdempotencyKey>> keyed;
    std::set<std::string> seen;
    for (const CouponRow& row : rows) {
      const CampaignSettings& settings = *campaigns_[row.campaign.value - 1].settings;
      RC_ASSERT(row.coupon.rank.value == ++last_rank[row.campaign]);
      RC_ASSERT(row.coupon.rank.value <= settings.stock);
      RC_ASSERT(row.coupon.nth == (++last_nth[{row.campaign, row.user}]));
      RC_ASSERT(row.coupon.nth <= settings.per_user);
      RC_ASSERT(seen.insert(to_string(row.coupon.code)).second);
      if (!row.key.empty()) {
        RC_ASSERT(keyed.emplace(row.campaign, row.user, row.key).second);
      }
    }
  }

  std::vector<CouponRow> rows;

 private:
  Claim claim_of(const Wish& wish) {
    const std::string key = wish.key % 3 == 0 ? "" : "k" + std::to_string(wish.key % 3);
    const auto number = static_cast<std::uint32_t>(wish.campaign % campaigns_.size() + 1);
    Claim claim =
        testing::claim_of("u" + std::to_string(wish.user % 5), key, CampaignNumber{number});
    claim.ticket = Ticket{++tickets_};
    return claim;
  }

  [[nodiscard]] Standing standing_of(const Claim& claim) const {
    Standing standing;
    for (const CouponRow& row : rows) {
      if (row.campaign != claim.campaign || row.user != claim.user) continue;
      ++standing.coupons;
      if (row.coupon.nth == 1) standing.first = row.coupon;
      if (!claim.key.empty() && row.key == claim.key) standing.by_key = row.coupon;
    }
    return standing;
  }

  void check_deterministic(const std::vector<Candidate>& candidates, const Decision& first) const {
    const Decision again = issuer_.decide(candidates, Time{});
    RC_ASSERT(again.rows.coupons.size() == first.rows.coupons.size());
    for (std::size_t i = 0; i < first.rows.coupons.size(); ++i) {
      RC_ASSERT(again.rows.coupons[i].coupon == first.rows.coupons[i].coupon);
      RC_ASSERT(again.rows.coupons[i].ticket == first.rows.coupons[i].ticket);
    }
  }

  // Every first "issued" has its row, in the order of the claims; promise 8 within the batch.
  void check_answers(const std::vector<Candidate>& candidates, const Decision& decision) const {
    RC_ASSERT(decision.answers.size() == candidates.size());
    auto row = decision.rows.coupons.begin();
    std::size_t due = 0;
    std::set<CampaignNumber> sold_out;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const Claim& claim = *candidates[i].claim;
      const Answer& answer = decision.answers[i];
      due += candidates[i].way == Candidate::Way::due ? 1U : 0U;
      if (answer.outcome == Outcome::sold_out) sold_out.insert(claim.campaign);
      if (answer.outcome != Outcome::issued || answer.repeated) continue;
      RC_ASSERT(row->ticket == claim.ticket && row->coupon == answer.coupon);
      RC_ASSERT(!sold_out.contains(claim.campaign));
      ++row;
    }
    RC_ASSERT(row == decision.rows.coupons.end());
    RC_ASSERT(decision.rows.settled.size() == due);
  }

  const Issuer issuer_{codes};
  std::vector<Campaign> campaigns_;
  std::uint64_t tickets_ = 0;
};

}  // namespace
}  // namespace firstcome

namespace rc {

template <>
struct Arbitrary<firstcome::Wish> {
  static Gen<firstcome::Wish> arbitrary() {
    using firstcome::Wish;
    const auto any = gen::inRange<std::uint8_t>(0, 30);
    return gen::build<Wish>(gen::set(&Wish::campaign, any), gen::set(&Wish::user, any),
                            gen::set(&Wish::key, any), gen::set(&Wish::way, any));
  }
};

template <>
struct Arbitrary<firstcome::Setup> {
  static Gen<firstcome::Setup> arbitrary() {
    using firstcome::Setup;
    return gen::build<Setup>(gen::set(&Setup::stock, gen::container<std::vector<std::uint32_t>>(
                                                         3, gen::inRange(0U, 12U))),
                             gen::set(&Setup::per_user, gen::container<std::vector<std::uint32_t>>(
                                                            3, gen::inRange(1U, 4U))),
                             gen::set(&Setup::batches));
  }
};

}  // namespace rc

namespace firstcome {
namespace {

RC_GTEST_PROP(IssuerProperty, no_batch_breaks_cap_limit_rank_or_retry, (const Setup& setup)) {
  SmallWorld world(setup);
  for (const auto& batch : setup.batches) {
    world.run(batch);
    world.check_rows();
  }
}

}  // namespace
}  // namespace firstcome
