#include "verify/facts.hpp"

#include <cstring>
#include <utility>

#include "core/outcome.hpp"

namespace firstcome {
namespace {

// What follows from the outcome alone, where the status allows any. The verdict on a queued claim
// may be recorded as it was read later, with status 200.
AnswerKind answer_of_outcome(std::string_view text, AnswerKind otherwise) {
  const auto outcome = parse_outcome(text);
  if (!outcome) return otherwise;
  switch (*outcome) {
    case Outcome::issued:
      return AnswerKind::issued;
    case Outcome::queued:
      return AnswerKind::queued;
    case Outcome::sold_out:
      return AnswerKind::sold_out;
    case Outcome::limit_reached:
      return AnswerKind::limit_reached;
    case Outcome::not_open:
    case Outcome::closed:
    case Outcome::paused:
      return AnswerKind::shut;
  }
  std::unreachable();
}

// A refusal that claims to be a yes contradicts itself, so it tells nothing.
AnswerKind answer_of_conflict(std::string_view outcome) {
  const AnswerKind answer = answer_of_outcome(outcome, AnswerKind::refused);
  return may_have_won(answer) ? AnswerKind::unknown : answer;
}

// (user, key) as one text. A key is another claim under another user.
std::string claim_text(std::uint32_t user, std::string_view key) {
  std::string text(sizeof user, '\0');
  std::memcpy(text.data(), &user, sizeof user);
  return text += key;
}

}  // namespace

AnswerKind answer_of(const Attempt& attempt) {
  const int status = attempt.status;
  if (!attempt.got_ns) return AnswerKind::unknown;
  if (status == 202) return AnswerKind::queued;
  if (status == 200 || status == 201)
    return answer_of_outcome(attempt.outcome, AnswerKind::unknown);
  if (status == 409) return answer_of_conflict(attempt.outcome);
  const bool nothing_taken = (status >= 400 && status <= 499) || status == 503;
  return nothing_taken ? AnswerKind::refused : AnswerKind::unknown;
}

void Facts::begin_file(std::string name) {
  files_.push_back(std::move(name));
  line_ = 0;
}

void Facts::add(const Attempt& attempt) {
  ++line_;
  if (!wants(attempt.campaign)) return;
  AttemptFact fact;
  fact.sent_ns = attempt.sent_ns;
  fact.got_ns = attempt.got_ns.value_or(never_ns);
  fact.place = (files_.size() - 1) << 40 | line_;
  fact.user = users_.id(attempt.user);
  fact.claim = claim_id(fact.user, attempt.key);
  fact.status = static_cast<std::uint16_t>(attempt.status);
  fact.answer = answer_of(attempt);
  if (fact.answer == AnswerKind::issued) {
    const auto code = parse_coupon_code(attempt.code);
    fact.rank = static_cast<std::uint32_t>(std::min<std::uint64_t>(attempt.rank, UINT32_MAX));
    fact.code_read = code.has_value();
    fact.code = code.value_or(CouponCode{});
  }
  campaign(attempt.campaign).attempts.push_back(fact);
}

void Facts::add_campaign(std::string_view id, const CampaignLimits& limits) {
  if (wants(id)) campaign(id).limits = limits;
}

void Facts::add(const AuditedCoupon& coupon) {
  if (!wants(coupon.campaign.view())) return;
  const std::uint32_t user = users_.id(coupon.user.view());
  campaign(coupon.campaign.view())
      .coupons.push_back({.epoch = coupon.epoch.value,
                          .ticket = coupon.ticket.value,
                          .user = user,
                          .claim = claim_id(user, coupon.key.view()),
                          .rank = coupon.coupon.rank.value,
                          .code = coupon.coupon.code});
}

void Facts::set_unsettled(std::string_view id, std::uint64_t count) {
  if (wants(id)) campaign(id).unsettled = count;
}

std::string Facts::place_name(const AttemptFact& attempt) const {
  const std::uint64_t line = attempt.place & ((std::uint64_t{1} << 40) - 1);
  return files_[attempt.place >> 40] + ":" + std::to_string(line);
}

CampaignFacts& Facts::campaign(std::string_view id) {
  if (last_campaign_ < campaigns_.size() && campaigns_[last_campaign_].id == id) {
    return campaigns_[last_campaign_];
  }
  const auto [found, made] = campaign_index_.try_emplace(std::string(id), campaigns_.size());
  if (made) campaigns_.push_back({.id = found->first});
  last_campaign_ = found->second;
  return campaigns_[last_campaign_];
}

std::uint32_t Facts::claim_id(std::uint32_t user, std::string_view key) {
  if (key.empty()) return 0;
  // A header may carry the key in quotes, the ledger holds it without.
  const auto parsed = parse_idempotency_key(key);
  return claims_.id(claim_text(user, parsed ? parsed->view() : key)) + 1;
}

}  // namespace firstcome
