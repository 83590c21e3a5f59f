#include "desk/desk.hpp"

#include "core/check.hpp"
#include "issue/rules.hpp"

namespace firstcome {
namespace {

constexpr std::string_view answers = "firstcome_claims_total";
constexpr std::string_view answers_help =
    "Claims answered, by outcome; repeated ones had their coupon already.";

// What another server issued at the last moment is in this one's memory by then.
constexpr std::chrono::seconds just_closed{2};

}  // namespace

Desk::Desk(const Parts& parts, const Limits& limits, Metrics::Shard& metrics)
    : parts_(parts),
      limits_(limits),
      repeated_counter_(metrics.counter(answers, answers_help, {{"outcome", "repeated"}})),
      refused_counter_(metrics.counter(answers, answers_help, {{"outcome", "refused"}})) {
  for (const Outcome outcome :
       {Outcome::issued, Outcome::queued, Outcome::sold_out, Outcome::limit_reached,
        Outcome::not_open, Outcome::closed, Outcome::paused}) {
    CHECK(static_cast<std::size_t>(outcome) == outcome_counters_.size(), "outcomes in order");
    const Labels labels{{"outcome", std::string(to_string(outcome))}};
    outcome_counters_.push_back(&metrics.counter(answers, answers_help, labels));
  }
}

Desk::Reply Desk::claim(const CampaignId& campaign_id, const UserId& user,
                        const IdempotencyKey& key, ReplyTo reply_to) {
  const std::optional<Campaign> campaign = parts_.board.find(campaign_id);
  if (!campaign) return Refusal::unknown_campaign;
  const Time now = parts_.clock.now();
  Identity identity = parts_.fingerprints.of(user, key);
  if (const auto standing = parts_.ledger.recall(campaign->number, identity)) {
    auto answer = answer_at_once(*campaign, *standing, now);
    if (answer && answer->outcome != Outcome::issued) {
      if (const auto queued = answer_if_parked(*campaign, identity)) answer = queued;
    }
    if (answer && is_certain(*campaign, *answer, now)) {
      count(*answer);
      return *answer;
    }
  }
  if (const auto refused = refusal()) {
    refused_counter_.add();
    return *refused;
  }
  if (is_line_full(*campaign)) {
    if (const auto queued = answer_if_parked(*campaign, identity)) {
      count(*queued);
      return *queued;
    }
    refused_counter_.add();
    return Refusal::overloaded;
  }
  IdempotencyKey name = key;
  if (key.empty() && campaign->settings->per_user > 1 && parts_.queue.may_repeat()) {
    name = draw_idempotency_key();
    identity = parts_.fingerprints.of(user, name);
  }
  gathered_.push_back({.campaign = campaign->number,
                       .user = user,
                       .key = name,
                       .identity = identity,
                       .arrived_at = now,
                       .arrived_mono = parts_.clock.monotonic(),
                       .reply_to = reply_to});
  waiting_.fetch_add(1, std::memory_order_relaxed);
  return Wait{};
}

std::optional<Answer> Desk::answer_at_once(const Campaign& campaign, const Standing& standing,
                                           Time now) const {
  switch (rule(*campaign.settings, campaign.issued, standing, now)) {
    case Ruling::repeated:
      return Answer{.outcome = Outcome::issued,
                    .repeated = true,
                    .coupon = *prior_coupon(*campaign.settings, standing)};
    case Ruling::paused:
      return Answer{.outcome = Outcome::paused};
    case Ruling::not_open:
      return Answer{.outcome = Outcome::not_open};
    case Ruling::closed:
      return Answer{.outcome = Outcome::closed};
    case Ruling::limit_reached:
      return Answer{.outcome = Outcome::limit_reached};
    case Ruling::sold_out:
      return Answer{.outcome = Outcome::sold_out};
    case Ruling::eligible:
      return std::nullopt;
  }
  CHECK(false, "a ruling outside the enumeration");
}

// Memory is a moment behind other servers. Who has a coupon that it does not know yet could be told
// that all is over, so at first the issuer decides. A no that follows from coupons knows them all.
bool Desk::is_certain(const Campaign& campaign, const Answer& answer, Time now) const {
  return answer.outcome != Outcome::closed || !parts_.ledger.is_shared() ||
         now >= *campaign.settings->closes_at + just_closed;
}

// A claim that stands in the line already gets that answer again, although one like it would be
// refused by now.
std::optional<Answer> Desk::answer_if_parked(const Campaign& campaign,
                                             const Identity& identity) const {
  const auto in_line = identity_in_line(*campaign.settings, identity);
  if (!in_line) return std::nullopt;
  const auto place = parts_.queue.place(campaign.number, *in_line);
  if (!place || place->outcome != Outcome::queued) return std::nullopt;
  const Pace& pace = campaign.settings->pace;
  return Answer{.outcome = Outcome::queued,
                .repeated = true,
                .place = *place,
                .eta = eta_at(place->position, pace.batch, pace.tick)};
}

std::optional<Desk::Refusal> Desk::refusal() const {
  switch (parts_.service.state()) {
    case Service::State::starting:
    case Service::State::failed:
      return Refusal::unavailable;
    case Service::State::draining:
      return Refusal::draining;
    case Service::State::ready:
      break;
  }
  if (waiting() >= limits_.waiting_max) return Refusal::overloaded;
  return std::nullopt;
}

bool Desk::is_line_full(const Campaign& campaign) const {
  return campaign.settings->mode == Mode::paced &&
         parts_.queue.line_length(campaign.number) >=
             queue_depth_max(*campaign.settings, limits_.queue_depth);
}

std::optional<Desk::Status> Desk::status(const CampaignId& campaign_id, const UserId& user) const {
  std::optional<Campaign> campaign = parts_.board.find(campaign_id);
  if (!campaign) return std::nullopt;
  const Identity identity = parts_.fingerprints.of(user, {});
  // The line's back before the line, and that before the ledger: a claim that comes to the line in
  // between is found there, one that leaves it is in the ledger by then.
  Status status{.campaign = *campaign, .line_back = parts_.queue.line_back(campaign->number)};
  status.place = parts_.queue.place(campaign->number, identity);
  if (const auto standing = parts_.ledger.recall(campaign->number, identity)) {
    status.coupons = standing->coupons;
    status.first = standing->first;
  }
  status.is_certain = !parts_.ledger.is_shared();
  if (status.place) {
    const Pace& pace = campaign->settings->pace;
    status.eta = eta_at(status.place->position, pace.batch, pace.tick);
  }
  return status;
}

void Desk::flush() {
  if (gathered_.empty()) return;
  parts_.queue.enqueue(gathered_);
  gathered_.clear();
}

void Desk::note_verdict(const Verdict& verdict) {
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  if (verdict.kind == Verdict::Kind::answered) {
    count(verdict.answer);
  } else {
    refused_counter_.add();
  }
}

void Desk::count(const Answer& answer) {
  const bool repeated_coupon = answer.repeated && answer.outcome == Outcome::issued;
  Counter& counter = repeated_coupon ? repeated_counter_
                                     : *outcome_counters_[static_cast<std::size_t>(answer.outcome)];
  counter.add();
}

}  // namespace firstcome
