#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "verify/facts.hpp"

// One campaign's facts put in order: its coupons by rank, its attempts by user, and for each coupon
// the window of time in which its rank was decided, as far as clients can tell. The checks read
// this and nothing else. Immutable once made. O(n log n).
//
// A claim is (user) where a user may have one coupon, and (user, key) where he may have more. The
// claims of a ledger that does not tell keys are all of a user's taken together. What is said of
// windows holds under two assumptions about the history: its times are of one clock, and it is
// complete for each user it names (users it does not name may have claimed elsewhere).

namespace firstcome {

// A rank is decided after the winning attempt was sent and before the coupon was first shown.
//
// Which of a claim's attempts won is not known, so the window begins when the first of those was
// sent that may have won: whichever it was, it was not sent before. Attempts that were told no did
// not win, so they do not count; those without an answer may have, so they do. A later beginning,
// at a retry for example, would accuse the server of passing over a claim that it had from the
// first, lost attempt.
//
// The window ends when the first answer with this coupon was complete. A queued claim that was sent
// once has no other attempt that can win, and its place was given before it was answered 202, so
// the window ends there.
struct Window {
  std::int64_t from_ns = always_ns;
  std::int64_t until_ns = never_ns;
};

// What is known of one user, or of one claim.
struct Group {
  std::span<const AttemptFact> attempts;  // in order of (key, time sent)
  std::span<const std::uint32_t> rows;    // indices of coupons, in order of (key, rank)
  [[nodiscard]] std::uint64_t may_have_won() const;
};

class Evidence {
 public:
  // Sorts the campaign's facts in place. Without a ledger the coupons are those that answers
  // showed; they are then put into `campaign`.
  Evidence(const Facts& facts, CampaignFacts& campaign);

  [[nodiscard]] const Facts& facts() const { return facts_; }
  [[nodiscard]] const CampaignFacts& campaign() const { return campaign_; }
  [[nodiscard]] std::span<const CouponFact> coupons() const { return campaign_.coupons; }
  [[nodiscard]] const Window& window(std::size_t row) const { return windows_[row]; }

  // The coupon that this answer shows: same rank, user and code. no_row when there is none.
  static constexpr std::uint32_t no_row = UINT32_MAX;
  [[nodiscard]] std::uint32_t row_shown_by(const AttemptFact& attempt) const;

  // Each user with any fact, and each claim among a user's facts.
  using Visit = std::function<void(const Group&)>;
  void for_each_user(const Visit& visit) const;
  void for_each_claim_of(const Group& user, const Visit& visit) const;
  void for_each_claim(const Visit& visit) const;

  // Users have one coupon each, so all of a user's attempts are the same claim.
  [[nodiscard]] bool one_each() const {
    return campaign_.limits && campaign_.limits->per_user == 1;
  }

  // For counterexamples: "demo: ", "rank 7 of u1", "u1 (FILE:LINE)".
  [[nodiscard]] std::string prefix() const { return campaign_.id + ": "; }
  [[nodiscard]] std::string describe(const CouponFact& coupon) const;
  [[nodiscard]] std::string describe(const AttemptFact& attempt) const;

 private:
  void sort();
  void take_shown_coupons();
  void find_windows();
  void narrow(const Group& claim);

  const Facts& facts_;
  CampaignFacts& campaign_;
  bool claims_have_keys_;
  std::vector<std::uint32_t> rows_by_user_{};
  std::vector<Window> windows_{};
};

}  // namespace firstcome
