#include <algorithm>

#include "verify/rules.hpp"

// Promise 10. A campaign that was closed, paused or not yet open to some is passed over where that
// may be the reason why a claim came away with nothing.

namespace firstcome::rules {
namespace {

bool is_shut(const AttemptFact& attempt) {
  return attempt.answer == AnswerKind::shut;
}

bool was_shut(const Evidence& evidence) {
  const CampaignFacts& campaign = evidence.campaign();
  return campaign.limits->paused || std::ranges::any_of(campaign.attempts, is_shut);
}

bool has_stock_left(const Evidence& evidence) {
  return evidence.coupons().size() < evidence.campaign().limits->stock;
}

// Every verdict has been given, so a queued claim without a coupon has lost.
bool verdicts_are_in(const Evidence& evidence) {
  return evidence.campaign().unsettled == 0U;
}

const AttemptFact* queued_attempt(const Group& claim) {
  const auto found = std::ranges::find(claim.attempts, AnswerKind::queued, &AttemptFact::answer);
  return found != claim.attempts.end() ? &*found : nullptr;
}

// Got past every other refusal, so only the lack of stock or the limit can be in its way.
bool is_demand(const Evidence& evidence, const AttemptFact& attempt) {
  const bool judged = verdicts_are_in(evidence) && attempt.answer == AnswerKind::queued;
  return judged || attempt.answer == AnswerKind::issued || attempt.answer == AnswerKind::sold_out;
}

// How many coupons the user would have if there were enough.
std::uint64_t demand_of(const Evidence& evidence, const Group& user) {
  std::uint64_t claims = 0;
  evidence.for_each_claim_of(user, [&](const Group& claim) {
    const bool asked = std::ranges::any_of(
        claim.attempts, [&](const AttemptFact& attempt) { return is_demand(evidence, attempt); });
    if (asked) ++claims;
  });
  return std::min<std::uint64_t>(claims, evidence.campaign().limits->per_user);
}

}  // namespace

void all_settled(const Evidence& evidence, Findings& findings) {
  const auto& unsettled = evidence.campaign().unsettled;
  if (!unsettled) return;
  ++findings.checked;
  if (*unsettled == 0) return;
  findings.breaks([&] {
    return evidence.prefix() + std::to_string(*unsettled) +
           " claims answered 202 have no verdict (if the server is still at work, wait and verify "
           "again)";
  });
}

void queued_were_served(const Evidence& evidence, Findings& findings) {
  if (!evidence.campaign().limits || !verdicts_are_in(evidence)) return;
  const bool may_lose = !has_stock_left(evidence) || was_shut(evidence);
  evidence.for_each_user([&](const Group& user) {
    evidence.for_each_claim_of(user, [&](const Group& claim) {
      const AttemptFact* queued = queued_attempt(claim);
      if (queued == nullptr) return;
      ++findings.checked;
      const bool at_limit = user.rows.size() >= evidence.campaign().limits->per_user;
      if (may_lose || at_limit || !claim.rows.empty()) return;
      findings.breaks([&] {
        return evidence.prefix() + evidence.describe(*queued) +
               " was answered 202 and has no coupon, with stock left";
      });
    });
  });
}

void no_leak(const Evidence& evidence, Findings& findings) {
  const auto& limits = evidence.campaign().limits;
  if (!limits) return;
  ++findings.checked;
  if (!has_stock_left(evidence) || was_shut(evidence)) return;
  std::uint64_t demand = 0;
  evidence.for_each_user([&](const Group& user) { demand += demand_of(evidence, user); });
  if (demand < limits->stock) return;
  findings.breaks([&] {
    return evidence.prefix() + std::to_string(demand) + " coupons were asked for, and only " +
           std::to_string(evidence.coupons().size()) + " of " + std::to_string(limits->stock) +
           " are issued";
  });
}

}  // namespace firstcome::rules
