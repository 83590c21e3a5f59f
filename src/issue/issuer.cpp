#include "issue/issuer.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <set>
#include <utility>

#include "core/check.hpp"
#include "issue/rules.hpp"

namespace firstcome {
namespace {

struct PrintKey {
  std::uint32_t campaign;
  Fingerprint print;
  friend bool operator==(const PrintKey&, const PrintKey&) = default;
};

struct PrintKeyHash {
  using is_avalanching = void;  // fingerprints are random already
  std::size_t operator()(const PrintKey& key) const noexcept {
    return key.print.low ^ (key.campaign * 0x9E3779B97F4A7C15ULL);
  }
};

template <class Value>
using ByPrint = boost::unordered_flat_map<PrintKey, Value, PrintKeyHash>;

// What the batch itself has decided so far, on top of what the ledger held before it.
class BatchSoFar {
 public:
  explicit BatchSoFar(std::size_t size) { by_user_.reserve(size); }

  [[nodiscard]] std::uint32_t issued(const Campaign& campaign) const {
    const auto found = issued_.find(campaign.number.value);
    return found == issued_.end() ? campaign.issued : found->second;
  }

  [[nodiscard]] Standing standing(const Candidate& candidate) const {
    Standing standing = candidate.standing;
    if (const auto user = by_user_.find(user_key(*candidate.claim)); user != by_user_.end()) {
      standing.coupons += user->second.count;
      if (!standing.first) standing.first = user->second.earliest;
    }
    if (candidate.claim->identity.keyed()) {
      const auto claim = by_claim_.find(claim_key(*candidate.claim));
      if (claim != by_claim_.end()) standing.by_key = claim->second;
    }
    return standing;
  }

  void add(const Candidate& candidate, const Coupon& coupon) {
    const Claim& claim = *candidate.claim;
    issued_[claim.campaign.value] = coupon.rank.value;
    Added& added = by_user_.try_emplace(user_key(claim), Added{0, coupon}).first->second;
    ++added.count;
    if (claim.identity.keyed()) by_claim_.emplace(claim_key(claim), coupon);
  }

  // The same claim's ticket if this batch parks it already; otherwise parks it under its own.
  Ticket park(const Candidate& candidate) {
    const Claim& claim = *candidate.claim;
    const bool one_each = candidate.campaign->settings->per_user == 1;
    if (!one_each && !claim.identity.keyed()) return claim.ticket;
    const PrintKey key = one_each ? user_key(claim) : claim_key(claim);
    return parked_.try_emplace(key, claim.ticket).first->second;
  }

  void settle(CampaignNumber campaign, Ticket ticket) { settled_.insert({campaign, ticket}); }

  [[nodiscard]] bool is_settled(CampaignNumber campaign, Ticket ticket) const {
    return settled_.contains({campaign, ticket});
  }

 private:
  struct Added {
    std::uint32_t count;
    Coupon earliest;
  };
  static PrintKey user_key(const Claim& claim) {
    return {claim.campaign.value, claim.identity.user};
  }
  static PrintKey claim_key(const Claim& claim) {
    return {claim.campaign.value, claim.identity.claim};
  }

  boost::unordered_flat_map<std::uint32_t, std::uint32_t> issued_;
  ByPrint<Added> by_user_;
  ByPrint<Coupon> by_claim_;
  ByPrint<Ticket> parked_;
  std::set<std::pair<CampaignNumber, Ticket>> settled_;  // of the lines, by this batch
};

// One batch in the making.
class Deciding {
 public:
  Deciding(const CouponCodes& codes, Time now, std::size_t size)
      : codes_(codes), now_(now), so_far_(size) {
    decision_.answers.reserve(size);
  }

  void take(const Candidate& candidate) { decision_.answers.push_back(answer(candidate)); }

  [[nodiscard]] Decision finish() && { return std::move(decision_); }

 private:
  Answer answer(const Candidate& candidate) {
    const Standing standing = so_far_.standing(candidate);
    const Ruling ruled = ruling(candidate, standing);
    // What stands in the line already is told so, whatever has become of the campaign since.
    if (ruled != Ruling::repeated && waits(candidate)) return park(candidate);
    switch (ruled) {
      case Ruling::repeated:
        return repeat(candidate, *prior_coupon(*candidate.campaign->settings, standing));
      case Ruling::paused:
        return {.outcome = Outcome::paused};
      case Ruling::not_open:
        return {.outcome = Outcome::not_open};
      case Ruling::closed:
        return {.outcome = Outcome::closed};
      case Ruling::limit_reached:
        return lose(candidate, Outcome::limit_reached);
      case Ruling::sold_out:
        return lose(candidate, Outcome::sold_out);
      case Ruling::eligible:
        return candidate.way == Candidate::Way::park ? park(candidate) : issue(candidate, standing);
    }
    CHECK(false, "a ruling outside the enumeration");
  }

  [[nodiscard]] Ruling ruling(const Candidate& candidate, const Standing& standing) const {
    const CampaignSettings& settings = *candidate.campaign->settings;
    const std::uint32_t issued = so_far_.issued(*candidate.campaign);
    return candidate.way == Candidate::Way::due
               ? rule_parked(settings, issued, standing)
               : rule(settings, issued, standing, candidate.claim->arrived_at);
  }

  // Whether the same claim stands in the line and will go on to, after this batch.
  [[nodiscard]] bool waits(const Candidate& candidate) const {
    return candidate.place && candidate.place->outcome == Outcome::queued &&
           !so_far_.is_settled(candidate.claim->campaign, candidate.place->ticket);
  }

  Answer repeat(const Candidate& candidate, const Coupon& coupon) {
    settle(candidate, Outcome::issued);
    return {.outcome = Outcome::issued, .repeated = true, .coupon = coupon};
  }

  Answer lose(const Candidate& candidate, Outcome outcome) {
    settle(candidate, outcome);
    return {.outcome = outcome};
  }

  Answer park(const Candidate& candidate) {
    Answer answer{.outcome = Outcome::queued};
    if (waits(candidate)) {
      answer.repeated = true;
      answer.place = *candidate.place;
      return answer;
    }
    answer.place.ticket = so_far_.park(candidate);
    answer.repeated = answer.place.ticket != candidate.claim->ticket;
    if (!answer.repeated) decision_.rows.parked.push_back(*candidate.claim);
    return answer;
  }

  Answer issue(const Candidate& candidate, const Standing& standing) {
    const Claim& claim = *candidate.claim;
    const Rank rank{so_far_.issued(*candidate.campaign) + 1};
    Coupon coupon{.rank = rank,
                  .nth = standing.coupons + 1,
                  .code = codes_.code(claim.campaign, rank),
                  .issued_at = now_};
    if (const auto ttl = candidate.campaign->settings->coupon_ttl) coupon.expires_at = now_ + *ttl;
    CHECK(rank.value <= candidate.campaign->settings->stock, "promise 1, cap");
    CHECK(coupon.nth <= candidate.campaign->settings->per_user, "promise 2, limit");
    so_far_.add(candidate, coupon);
    decision_.rows.coupons.push_back({.campaign = claim.campaign,
                                      .coupon = coupon,
                                      .user = claim.user,
                                      .key = claim.key,
                                      .identity = claim.identity,
                                      .epoch = claim.epoch,
                                      .ticket = claim.ticket});
    settle(candidate, Outcome::issued);
    return {.outcome = Outcome::issued, .coupon = coupon};
  }

  void settle(const Candidate& candidate, Outcome outcome) {
    if (candidate.way != Candidate::Way::due) return;
    so_far_.settle(candidate.claim->campaign, candidate.claim->ticket);
    decision_.rows.settled.push_back({candidate.claim->campaign, candidate.claim->ticket, outcome});
  }

  const CouponCodes& codes_;
  Time now_;
  BatchSoFar so_far_;
  Decision decision_;
};

}  // namespace

Decision Issuer::decide(std::span<const Candidate> candidates, Time now) const {
  Deciding deciding(codes_, now, candidates.size());
  for (const Candidate& candidate : candidates) deciding.take(candidate);
  return std::move(deciding).finish();
}

}  // namespace firstcome
