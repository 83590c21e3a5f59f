#include <algorithm>

#include "verify/rules.hpp"

// Whether a no was true: promises 8 and 9.

namespace firstcome::rules {
namespace {

// The earliest complete answer of this kind, nullptr when there is none.
const AttemptFact* first_told(std::span<const AttemptFact> attempts, AnswerKind answer) {
  const AttemptFact* first = nullptr;
  for (const AttemptFact& attempt : attempts) {
    if (attempt.answer != answer) continue;
    if (first == nullptr || attempt.got_ns < first->got_ns) first = &attempt;
  }
  return first;
}

std::uint64_t count_told(std::span<const AttemptFact> attempts, AnswerKind answer) {
  return static_cast<std::uint64_t>(std::ranges::count(attempts, answer, &AttemptFact::answer));
}

// How many of the user's coupons may have been won by this time.
std::uint64_t possible_by(const Evidence& evidence, const Group& user, std::int64_t time_ns) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      user.rows, [&](std::uint32_t row) { return evidence.window(row).from_ns <= time_ns; }));
}

}  // namespace

// At the first sold_out all ranks were decided, so each winning attempt had been sent. Windows
// begin no later than the winning attempt was sent.
void nobody_after_sold_out(const Evidence& evidence, Findings& findings) {
  const auto& attempts = evidence.campaign().attempts;
  const AttemptFact* first = first_told(attempts, AnswerKind::sold_out);
  if (first == nullptr) return;
  findings.checked += count_told(attempts, AnswerKind::sold_out);
  for (std::size_t row = 0; row < evidence.coupons().size(); ++row) {
    if (evidence.window(row).from_ns <= first->got_ns) continue;
    findings.breaks([&] {
      return evidence.prefix() + evidence.describe(*first) + " was told sold_out at " +
             std::to_string(first->got_ns) + " ns, " + evidence.describe(evidence.coupons()[row]) +
             " was sent later, at " + std::to_string(evidence.window(row).from_ns) + " ns";
    });
  }
}

void sold_out_is_true(const Evidence& evidence, Findings& findings) {
  const auto& limits = evidence.campaign().limits;
  const AttemptFact* first = first_told(evidence.campaign().attempts, AnswerKind::sold_out);
  if (!limits || first == nullptr) return;
  ++findings.checked;
  if (evidence.coupons().size() >= limits->stock) return;
  findings.breaks([&] {
    return evidence.prefix() + evidence.describe(*first) + " was told sold_out, but only " +
           std::to_string(evidence.coupons().size()) + " of " + std::to_string(limits->stock) +
           " are issued";
  });
}

// The first of a user's limit_reached answers is the hardest to justify.
void limit_is_true(const Evidence& evidence, Findings& findings) {
  const auto& limits = evidence.campaign().limits;
  if (!limits) return;
  evidence.for_each_user([&](const Group& user) {
    const AttemptFact* first = first_told(user.attempts, AnswerKind::limit_reached);
    if (first == nullptr) return;
    findings.checked += count_told(user.attempts, AnswerKind::limit_reached);
    const std::uint64_t coupons = possible_by(evidence, user, first->got_ns);
    if (coupons >= limits->per_user) return;
    findings.breaks([&] {
      return evidence.prefix() + evidence.describe(*first) +
             " was told limit_reached with at most " + std::to_string(coupons) + " of " +
             std::to_string(limits->per_user) + " coupons";
    });
  });
}

}  // namespace firstcome::rules
