#include "issue/driver.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "issue/rules.hpp"

namespace firstcome {

Driver::Driver(Options options, Ledger& ledger, Queue& queue, const Issuer& issuer,
               const Clock& clock, DriverEvents& events, Metrics::Shard& metrics)
    : options_(options),
      ledger_(ledger),
      queue_(queue),
      issuer_(issuer),
      clock_(clock),
      events_(events),
      batch_claims_(
          metrics.histogram("firstcome_batch_claims", "Claims decided in one batch.", size_bounds)),
      queue_wait_seconds_(metrics.histogram(
          "firstcome_queue_wait_seconds",
          "From a claim's arrival to the start of its batch, the oldest of each batch.",
          seconds_bounds)),
      commits_(metrics.counter("firstcome_commits_total", "Batches committed to the ledger.")) {}

Result<void> Driver::restore(const Fingerprints& fingerprints, Epoch epoch) {
  epoch_ = epoch;
  ledger_.for_each_campaign([this](const Campaign& campaign) { events_.on_campaign(campaign); });
  const Monotonic now = clock_.monotonic();
  return ledger_.for_each_parked([&](const ParkedClaim& parked) {
    Claim claim = parked.claim;
    claim.identity = fingerprints.of(claim.user, claim.key);
    if (parked.outcome != Outcome::queued) {
      queue_.remember(claim.campaign, claim.identity, claim.ticket, parked.outcome);
      return;
    }
    queue_.park(claim);
    pacer_.wants(claim.campaign, now, tick_of(ledger_.campaign(claim.campaign)));
  });
}

void Driver::submit(const CampaignChange& change, ReplyTo reply_to) {
  const std::scoped_lock lock(submitted_mutex_);
  submitted_.push_back({change, reply_to});
}

Driver::Next Driver::step() {
  if (failed_) return {.more = refuse_everything(), .failed = failed_};
  const bool changed = change_campaigns();
  const Monotonic now = clock_.monotonic();
  Batch batch{.due = take_due(now), .arrivals = queue_.take_batch(options_.batch_claims_max)};
  const bool has_work = !batch.due.empty() || !batch.arrivals.empty();
  if (has_work) {
    if (!batch.arrivals.empty()) {
      const Monotonic waited = now - batch.arrivals.front().arrived_mono;
      queue_wait_seconds_.observe(std::chrono::duration<double>(waited).count());
    }
    Result<Decision> decision = decide(batch);
    const CommitResult result = decision ? commit(decision->rows) : CommitResult::unavailable;
    if (result == CommitResult::ok) {
      conclude(batch, *decision);
    } else {
      abandon(batch, result);
    }
    queue_.settle(batch.arrivals.size());
  }
  if (has_work || changed) {
    ledger_.between_batches();
    if (!failed_) failed_ = ledger_.lost();
  }
  return {.more = has_work || changed, .due_at = pacer_.next(), .failed = failed_};
}

bool Driver::change_campaigns() {
  std::vector<Submitted> submitted;
  {
    const std::scoped_lock lock(submitted_mutex_);
    submitted.swap(submitted_);
  }
  if (submitted.empty()) return false;
  std::vector<CampaignChange> changes;
  for (const Submitted& one : submitted) changes.push_back(one.change);
  auto results = ledger_.change(changes);
  failed_ = ledger_.lost();
  for (std::size_t i = 0; i < submitted.size(); ++i) {
    Result<Ledger::Changed> result = results ? (*results)[i] : std::unexpected(results.error());
    if (result) {
      events_.on_campaign(result->campaign);
      const CampaignNumber number = result->campaign.number;
      const Monotonic tick = tick_of(result->campaign);
      if (queue_.line_length(number) > 0) pacer_.hurry(number, clock_.monotonic() + tick);
    }
    events_.on_changed(submitted[i].reply_to, std::move(result));
  }
  return true;
}

std::vector<Driver::DueLine> Driver::take_due(Monotonic now) {
  std::vector<DueLine> lines;
  std::size_t total = 0;
  for (const CampaignNumber number : pacer_.due(now)) {
    if (total >= options_.batch_claims_max) break;  // what is left stays due
    const Campaign& campaign = ledger_.campaign(number);
    if (campaign.settings->paused) {
      pacer_.forget(number);  // the change that ends the pause sets the next tick
      continue;
    }
    pacer_.ticked(number, now, tick_of(campaign));
    DueLine line{number, queue_.front_of_line(number, line_share(campaign))};
    total += line.claims.size();
    if (!line.claims.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

Result<Decision> Driver::decide(Batch& batch) {
  for (const DueLine& line : batch.due) {
    if (auto added = add_candidates(batch, line.claims, true); !added) {
      return std::unexpected(added.error());
    }
  }
  if (auto added = add_candidates(batch, batch.arrivals, false); !added) {
    return std::unexpected(added.error());
  }
  batch_claims_.observe(static_cast<double>(batch.candidates.size()));
  return issuer_.decide(batch.candidates, clock_.now());
}

Result<void> Driver::add_candidates(Batch& batch, std::span<const Claim> claims, bool due) {
  Result<BatchState> state = ledger_.state_for(claims);
  if (!state) return std::unexpected(state.error());
  batch.candidates.reserve(batch.candidates.size() + claims.size());
  for (std::size_t i = 0; i < claims.size(); ++i) {
    Candidate candidate{.claim = &claims[i],
                        .campaign = state->campaigns[i],
                        .standing = state->standings[i],
                        .way = due ? Candidate::Way::due : Candidate::Way::instant};
    if (!due && parks(*candidate.campaign, batch)) {
      candidate.way = Candidate::Way::park;
      candidate.place = waiting_place(claims[i], *candidate.campaign);
    }
    batch.candidates.push_back(candidate);
  }
  return {};
}

CommitResult Driver::commit(const BatchRows& rows) {
  if (rows.empty()) return CommitResult::ok;
  while (true) {
    const CommitResult result = ledger_.commit(rows, epoch_);
    failed_ = ledger_.lost();
    if (result == CommitResult::ok) commits_.add();
    if (result != CommitResult::unknown || failed_) return result;
    Result<bool> landed = ledger_.landed(rows, epoch_);
    while (!landed && !ledger_.lost()) landed = ledger_.landed(rows, epoch_);
    failed_ = ledger_.lost();
    if (failed_) return CommitResult::unknown;
    if (*landed) return CommitResult::ok;
  }
}

void Driver::conclude(const Batch& batch, Decision& decision) {
  settle_lines(batch, decision);
  park(batch, decision);
  publish(decision.rows);
  const std::size_t due_count = decision.answers.size() - batch.arrivals.size();
  tell(batch.arrivals, std::span(decision.answers).subspan(due_count), Verdict::Kind::answered);
}

void Driver::abandon(const Batch& batch, CommitResult result) {
  if (result == CommitResult::stale_epoch) {
    failed_ = Error{ErrorCode::conflict, "another server has taken over the ledger"};
  }
  const std::vector<Answer> none(batch.arrivals.size());
  tell(batch.arrivals, none,
       result == CommitResult::unknown ? Verdict::Kind::unanswered : Verdict::Kind::unavailable);
}

void Driver::settle_lines(const Batch& batch, const Decision& decision) {
  auto answer = decision.answers.begin();
  for (const DueLine& line : batch.due) {
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < line.claims.size(); ++i) outcomes.push_back((answer++)->outcome);
    queue_.settle_line(line.campaign, outcomes);
    if (queue_.line_length(line.campaign) == 0) pacer_.forget(line.campaign);
  }
}

void Driver::park(const Batch& batch, Decision& decision) {
  const Monotonic now = clock_.monotonic();
  for (std::size_t i = 0; i < batch.candidates.size(); ++i) {
    const Candidate& candidate = batch.candidates[i];
    Answer& answer = decision.answers[i];
    if (answer.outcome != Outcome::queued) continue;
    const Campaign& campaign = *candidate.campaign;
    if (!answer.repeated) {
      queue_.park(*candidate.claim);
      pacer_.wants(campaign.number, now, tick_of(campaign));
      answer.place.position = queue_.line_length(campaign.number);
    } else if (const auto place = waiting_place(*candidate.claim, campaign)) {
      answer.place = *place;
    }
    answer.eta =
        eta_at(answer.place.position, campaign.settings->pace.batch, campaign.settings->pace.tick);
  }
}

void Driver::publish(const BatchRows& rows) {
  std::vector<CampaignNumber> touched;
  for (const CouponRow& row : rows.coupons) {
    if (touched.empty() || touched.back() != row.campaign) touched.push_back(row.campaign);
  }
  std::ranges::sort(touched);
  const auto repeats = std::ranges::unique(touched);
  touched.erase(repeats.begin(), repeats.end());
  for (const CampaignNumber number : touched) events_.on_campaign(ledger_.campaign(number));
}

void Driver::tell(std::span<const Claim> claims, std::span<const Answer> answers,
                  Verdict::Kind kind) {
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const ReplyTo reply_to = claims[i].reply_to;
    if (reply_to.desk >= verdicts_.size()) verdicts_.resize(reply_to.desk + 1U);
    verdicts_[reply_to.desk].push_back({reply_to, kind, answers[i]});
  }
  for (std::size_t desk = 0; desk < verdicts_.size(); ++desk) {
    if (verdicts_[desk].empty()) continue;
    events_.on_verdicts(static_cast<std::uint16_t>(desk), std::exchange(verdicts_[desk], {}));
  }
}

bool Driver::refuse_everything() {
  const std::span<const Claim> claims = queue_.take_batch(options_.batch_claims_max);
  const std::size_t count = claims.size();
  tell(claims, std::vector<Answer>(count), Verdict::Kind::unavailable);
  queue_.settle(count);
  std::vector<Submitted> submitted;
  {
    const std::scoped_lock lock(submitted_mutex_);
    submitted.swap(submitted_);
  }
  for (const Submitted& one : submitted) {
    events_.on_changed(one.reply_to, std::unexpected(*failed_));
  }
  return count > 0;
}

bool Driver::parks(const Campaign& campaign, const Batch& batch) const {
  if (campaign.settings->mode == Mode::paced) return true;
  // An instant campaign whose line is not empty yet was paced before: who arrives stands behind the
  // line, unless all of it leaves in this batch, and so is decided first.
  const std::uint64_t waiting = queue_.line_length(campaign.number);
  if (waiting == 0) return false;
  const auto line = std::ranges::find(batch.due, campaign.number, &DueLine::campaign);
  return line == batch.due.end() || line->claims.size() < waiting;
}

std::optional<Place> Driver::waiting_place(const Claim& claim, const Campaign& campaign) const {
  const auto identity = identity_in_line(*campaign.settings, claim.identity);
  return identity ? queue_.place(campaign.number, *identity) : std::nullopt;
}

std::size_t Driver::line_share(const Campaign& campaign) const {
  const bool certain = campaign.issued >= campaign.settings->stock;  // the rest can only lose
  return campaign.settings->mode == Mode::paced && !certain ? campaign.settings->pace.batch
                                                            : options_.line_claims_max;
}

Monotonic Driver::tick_of(const Campaign& campaign) {
  const bool certain = campaign.issued >= campaign.settings->stock;
  return campaign.settings->mode == Mode::paced && !certain
             ? Monotonic{campaign.settings->pace.tick}
             : Monotonic{0};
}

}  // namespace firstcome
