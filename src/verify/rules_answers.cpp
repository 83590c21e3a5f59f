#include <algorithm>

#include "verify/rules.hpp"

// Answers against rows and against each other: promises 3, 4, 5 and 11.

namespace firstcome::rules {
namespace {

std::string told_coupon(const Evidence& evidence, const AttemptFact& attempt) {
  const std::string code = attempt.code_read ? to_string(attempt.code) : "that cannot be one";
  return evidence.describe(attempt) + " was told rank " + std::to_string(attempt.rank) +
         " with code " + code;
}

std::string what_is_there(const Evidence& evidence, std::uint32_t rank) {
  const auto found = std::ranges::lower_bound(evidence.coupons(), rank, {}, &CouponFact::rank);
  if (found == evidence.coupons().end() || found->rank != rank)
    return "the ledger has no such rank";
  return "the ledger has " + evidence.describe(*found) + " with code " + to_string(found->code);
}

// Where a user may have several coupons, claims without a key cannot be told apart: each needs an
// attempt of its own. Where a key or the user is the claim, a second row is for promises 5 and 2.
bool needs_attempt_each(const Evidence& evidence, const Group& claim) {
  const bool keyed = evidence.coupons()[claim.rows.front()].claim != 0;
  return !evidence.one_each() && !keyed;
}

void judge_ghosts(const Evidence& evidence, const Group& claim, Findings& findings) {
  if (claim.rows.empty()) return;
  findings.checked += claim.rows.size();
  const std::uint64_t winners = claim.may_have_won();
  const bool explained =
      needs_attempt_each(evidence, claim) ? winners >= claim.rows.size() : winners > 0;
  if (explained) return;
  findings.breaks([&] {
    const CouponFact& coupon = evidence.coupons()[claim.rows.back()];
    std::string words = evidence.prefix() + evidence.describe(coupon) + " was won by no attempt";
    if (!claim.attempts.empty()) {
      words += "; told no: " + evidence.describe(claim.attempts.front());
    }
    return words;
  });
}

bool is_no(AnswerKind answer) {
  return answer == AnswerKind::sold_out || answer == AnswerKind::limit_reached ||
         answer == AnswerKind::shut;
}

const AttemptFact* first_shown(std::span<const AttemptFact> attempts) {
  const AttemptFact* first = nullptr;
  for (const AttemptFact& attempt : attempts) {
    if (attempt.answer != AnswerKind::issued) continue;
    if (first == nullptr || attempt.got_ns < first->got_ns) first = &attempt;
  }
  return first;
}

// The coupon shown first is the one that each later answer has to repeat. A no is one only if it
// was asked for when the yes was known: of two attempts at once, the no may have been decided
// first, before the campaign opened, say.
bool contradicts(const AttemptFact& first, const AttemptFact& attempt) {
  if (is_no(attempt.answer)) return attempt.sent_ns > first.got_ns;
  if (attempt.answer != AnswerKind::issued) return false;
  return attempt.rank != first.rank || attempt.code_read != first.code_read ||
         attempt.code != first.code;
}

void judge_answers(const Evidence& evidence, std::span<const AttemptFact> attempts,
                   Findings& findings) {
  if (attempts.size() < 2) return;
  ++findings.checked;
  const AttemptFact* first = first_shown(attempts);
  if (first == nullptr) return;
  const auto other = std::ranges::find_if(
      attempts, [&](const AttemptFact& attempt) { return contradicts(*first, attempt); });
  if (other == attempts.end()) return;
  findings.breaks([&] {
    const std::string later = other->answer == AnswerKind::issued
                                  ? told_coupon(evidence, *other)
                                  : evidence.describe(*other) + " no";
    return evidence.prefix() + told_coupon(evidence, *first) + ", and " + later;
  });
}

void judge_keyed_answers(const Evidence& evidence, std::span<const AttemptFact> rest,
                         Findings& findings) {
  while (!rest.empty()) {
    const std::uint32_t claim = rest.front().claim;
    const auto end = std::ranges::find_if(
        rest, [&](const AttemptFact& attempt) { return attempt.claim != claim; });
    const auto size = static_cast<std::size_t>(end - rest.begin());
    if (claim != 0) judge_answers(evidence, rest.first(size), findings);
    rest = rest.subspan(size);
  }
}

}  // namespace

void durable(const Evidence& evidence, Findings& findings) {
  for (const AttemptFact& attempt : evidence.campaign().attempts) {
    if (attempt.answer != AnswerKind::issued) continue;
    ++findings.checked;
    if (evidence.row_shown_by(attempt) != Evidence::no_row) continue;
    findings.breaks([&] {
      return evidence.prefix() + told_coupon(evidence, attempt) + "; " +
             what_is_there(evidence, attempt.rank);
    });
  }
}

void no_ghost(const Evidence& evidence, Findings& findings) {
  std::uint64_t elsewhere = 0;
  evidence.for_each_user([&](const Group& user) {
    if (user.attempts.empty()) {
      elsewhere += user.rows.size();
      return;
    }
    evidence.for_each_claim_of(
        user, [&](const Group& claim) { judge_ghosts(evidence, claim, findings); });
  });
  if (elsewhere == 0) return;
  findings.notes.push_back(evidence.prefix() + std::to_string(elsewhere) +
                           " coupons are of users whom the history does not name");
}

void equal_answers(const Evidence& evidence, Findings& findings) {
  evidence.for_each_user([&](const Group& user) {
    if (evidence.one_each()) return judge_answers(evidence, user.attempts, findings);
    judge_keyed_answers(evidence, user.attempts, findings);
  });
}

void full(const Evidence& evidence, Findings& findings) {
  for (const AttemptFact& attempt : evidence.campaign().attempts) {
    if (attempt.got_ns != never_ns) ++findings.checked;
    if (attempt.status < 500 || attempt.status > 599 || attempt.status == 503) continue;
    findings.breaks([&] {
      return evidence.prefix() + evidence.describe(attempt) + " was answered " +
             std::to_string(attempt.status);
    });
  }
}

}  // namespace firstcome::rules
