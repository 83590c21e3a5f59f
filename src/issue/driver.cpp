#include "issue/driver.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "issue/rules.hpp"

namespace firstcome {
namespace {

// While the ledger is away, or cannot say what became of a commit.
constexpr Monotonic ask_again_after = std::chrono::milliseconds(100);
// What is not to be decided here, or not yet.
constexpr Monotonic look_again_after = std::chrono::milliseconds(5);
// Another server's batches come in between; that this many do, one after the other, is trouble.
constexpr int repeats_max = 20;
// A server that is not there any more is known not to be before that.
constexpr Monotonic change_wait_max = std::chrono::seconds(3);

}  // namespace

Driver::Driver(Options options, Ledger& ledger, Queue& queue, const Issuer& issuer,
               const Clock& clock, DriverEvents& events, Metrics::Shard& metrics)
    : options_(options),
      ledger_(ledger),
      queue_(queue),
      issuer_(issuer),
      clock_(clock),
      events_(events),
      batch_size_(options.batch_claims_max),
      batch_claims_limit_(std::make_shared<std::atomic<std::size_t>>(options.batch_claims_max)),
      batch_claims_(
          metrics.histogram("firstcome_batch_claims", "Claims decided in one batch.", size_bounds)),
      queue_wait_seconds_(metrics.histogram(
          "firstcome_queue_wait_seconds",
          "From a claim's arrival to the start of its batch, the oldest of each batch.",
          seconds_bounds)),
      commits_(metrics.counter("firstcome_commits_total", "Batches committed to the ledger.")) {}

Result<void> Driver::restore(const Fingerprints& fingerprints) {
  ledger_.for_each_campaign([this](const Campaign& campaign) { show(campaign); });
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

void Driver::show(const Campaign& campaign) {
  events_.on_campaign(campaign);
  queue_.note_campaign(campaign);
}

std::function<double()> Driver::batch_claims_limit() const {
  return [limit = batch_claims_limit_] { return static_cast<double>(*limit); };
}

void Driver::submit(const CampaignChange& change, ReplyTo reply_to) {
  const std::scoped_lock lock(submitted_mutex_);
  submitted_.push_back({change, reply_to});
}

std::vector<Driver::Submitted> Driver::take_submitted() {
  const std::scoped_lock lock(submitted_mutex_);
  return std::exchange(submitted_, {});
}

Driver::Next Driver::step() {
  if (failed_) {
    tell_changes();
    return {.more = refuse_behind(0, *failed_), .failed = failed_};
  }
  if (unsure_ && !find_out()) {
    refuse_behind(unsure_->batch.arrivals.size(),
                  {ErrorCode::unavailable, "the ledger is away; nothing was changed"});
    return {.due_at = clock_.monotonic() + ask_again_after};
  }
  if (failed_) return {.more = true, .failed = failed_};
  const bool changed = change_campaigns();
  const Monotonic now = clock_.monotonic();
  follow(now);
  if (failed_) return {.more = true, .failed = failed_};
  Batch batch = take(now);
  const bool has_work = !batch.due.empty() || !batch.arrivals.empty();
  is_put_off_ = false;
  if (has_work) work(std::move(batch));
  if (has_work || changed) {
    ledger_.between_batches();
    if (!failed_) failed_ = ledger_.lost();
  }
  std::optional<Monotonic> due_at = pacer_.next();
  if (ledger_.follow_every()) due_at = std::min(due_at.value_or(follow_at_), follow_at_);
  if (is_put_off_) due_at = clock_.monotonic() + look_again_after;
  return {.more = (has_work && !is_put_off_) || changed, .due_at = due_at, .failed = failed_};
}

bool Driver::change_campaigns() {
  const std::vector<Submitted> submitted = take_submitted();
  if (submitted.empty()) return false;
  std::vector<CampaignChange> changes;
  for (const Submitted& one : submitted) changes.push_back(one.change);
  auto results = ledger_.change(changes);
  failed_ = ledger_.lost();
  catch_up(ledger_.news());  // first: campaigns are published in the order of their numbers
  for (std::size_t i = 0; i < submitted.size(); ++i) {
    Result<Ledger::Changed> result = results ? (*results)[i] : std::unexpected(results.error());
    if (result) {
      show(result->campaign);
      const CampaignNumber number = result->campaign.number;
      const Monotonic tick = tick_of(result->campaign);
      if (queue_.line_length(number) > 0) pacer_.hurry(number, clock_.monotonic() + tick);
    }
    made_.push_back({submitted[i].reply_to, std::move(result), clock_.monotonic()});
  }
  tell_changes();
  return true;
}

void Driver::tell_changes() {
  if (made_.empty()) return;
  const bool given_up = clock_.monotonic() - made_.front().at > change_wait_max;
  if (!given_up && !failed_ && !ledger_.all_act_on_changes()) return;
  for (Made& one : std::exchange(made_, {})) {
    events_.on_changed(one.reply_to, std::move(one.result));
  }
}

Driver::Batch Driver::take(Monotonic now) {
  Batch batch;
  for (const CampaignNumber number : pacer_.due(now)) {
    if (batch.due.size() >= batch_size_.next()) break;  // what is left stays due
    add_due_line(batch, number, now);
  }
  batch.arrivals = queue_.take_batch(batch_size_.next());
  return batch;
}

void Driver::add_due_line(Batch& batch, CampaignNumber number, Monotonic now) {
  const Campaign& campaign = ledger_.campaign(number);
  // The change that ends the pause sets the next tick, and so does the news that the line is ours.
  if (campaign.settings->paused || !ledger_.runs_line(number)) return pacer_.forget(number);
  pacer_.ticked(number, now, tick_of(campaign));
  const std::vector<Claim> claims = queue_.front_of_line(number, line_share(campaign));
  if (claims.empty()) return;
  batch.lines.push_back({number, claims.size()});
  batch.due.insert(batch.due.end(), claims.begin(), claims.end());
}

void Driver::work(Batch batch) {
  if (!batch.arrivals.empty()) {
    const Monotonic waited = clock_.monotonic() - batch.arrivals.front().arrived_mono;
    queue_wait_seconds_.observe(std::chrono::duration<double>(waited).count());
  }
  Result<Decision> decision = decide(batch);
  // Some of it is another server's, and has left queue and lines, or all waits for the others to
  // act on a change: what remains comes anew.
  is_put_off_ = !decision && decision.error().code == ErrorCode::conflict;
  if (is_put_off_) return repeat(batch);
  const CommitResult result = commit(decision);
  if (result == CommitResult::retry && ++repeats_ <= repeats_max) return repeat(batch);
  repeats_ = 0;
  if (result == CommitResult::unknown && !failed_) {
    unsure_ = {std::move(batch), std::move(*decision)};
    return;
  }
  if (result == CommitResult::ok) {
    conclude(batch, *decision);
  } else {
    abandon(batch, result);
  }
  queue_.settle(batch.arrivals.size());
}

Result<Decision> Driver::decide(Batch& batch) {
  const Result<BatchState> state = ledger_.state_for(batch.due, batch.arrivals);
  catch_up(ledger_.news());
  if (!state) return std::unexpected(state.error());
  add_candidates(batch, *state);
  batch_claims_.observe(static_cast<double>(batch.candidates.size()));
  return issuer_.decide(batch.candidates, clock_.now());
}

void Driver::add_candidates(Batch& batch, const BatchState& state) {
  batch.candidates.reserve(batch.due.size() + batch.arrivals.size());
  for (std::size_t i = 0; i < batch.due.size() + batch.arrivals.size(); ++i) {
    const bool due = i < batch.due.size();
    Candidate candidate{.claim = due ? &batch.due[i] : &batch.arrivals[i - batch.due.size()],
                        .campaign = state.campaigns[i],
                        .standing = state.standings[i],
                        .way = due ? Candidate::Way::due : Candidate::Way::instant};
    if (!due && parks(*candidate.campaign, batch)) {
      candidate.way = Candidate::Way::park;
      candidate.place = waiting_place(*candidate.claim, *candidate.campaign);
    }
    batch.candidates.push_back(candidate);
  }
}

CommitResult Driver::commit(const Result<Decision>& decision) {
  if (!decision) {
    const bool again = decision.error().code == ErrorCode::timeout;
    return again ? CommitResult::retry : CommitResult::unavailable;
  }
  const Monotonic start = clock_.monotonic();
  const CommitResult result = ledger_.commit(decision->rows);
  const bool tried = result != CommitResult::unavailable && result != CommitResult::stale_epoch;
  if (tried && !decision->rows.empty()) {
    learn(decision->rows.size(), clock_.monotonic() - start);
  }
  failed_ = ledger_.lost();
  if (result == CommitResult::ok && !decision->rows.empty()) commits_.add();
  return result;
}

// Also of a commit that came to nothing: what takes too long may never come to an end at this size.
void Driver::learn(std::size_t rows, Monotonic took) {
  batch_size_.learn(rows, took);
  *batch_claims_limit_ = batch_size_.next();
}

bool Driver::find_out() {
  const Result<bool> landed = ledger_.landed(unsure_->decision.rows);
  failed_ = ledger_.lost();
  if (!landed && !failed_) return false;
  Unsure known = std::move(*unsure_);
  unsure_.reset();
  if (landed && *landed) {
    commits_.add();
    conclude(known.batch, known.decision);  // first: what the others did came after it
  }
  catch_up(ledger_.news());
  if (landed && !*landed) {
    repeat(known.batch);
    return true;
  }
  if (!landed) abandon(known.batch, CommitResult::unknown);
  queue_.settle(known.batch.arrivals.size());
  return true;
}

void Driver::repeat(const Batch& batch) {
  for (const DueLine& line : batch.lines) pacer_.hurry(line.campaign, clock_.monotonic());
}

void Driver::follow(Monotonic now) {
  const auto every = ledger_.follow_every();
  if (!every) return;
  follow_at_ = std::min(follow_at_, now + *every);
  if (now < follow_at_) return;
  ledger_.follow();
  failed_ = ledger_.lost();
  catch_up(ledger_.news());
  follow_at_ = now + *ledger_.follow_every();
  tell_changes();
}

void Driver::catch_up(const News& news) {
  const Monotonic now = clock_.monotonic();
  for (const CampaignNumber number : news.campaigns) {
    const Campaign& campaign = ledger_.campaign(number);
    show(campaign);
    if (queue_.line_length(number) > 0) pacer_.hurry(number, now + tick_of(campaign));
  }
  for (const Claim& claim : news.parked) {
    queue_.park(claim);
    if (!ledger_.runs_line(claim.campaign)) continue;
    pacer_.wants(claim.campaign, now, tick_of(ledger_.campaign(claim.campaign)));
  }
  for (const Settlement& settlement : news.settled) {
    queue_.settle_line(settlement.campaign, std::span(&settlement.outcome, 1));
  }
  for (const CampaignNumber number : news.lines) {
    if (queue_.line_length(number) == 0) continue;
    pacer_.wants(number, now, tick_of(ledger_.campaign(number)));
  }
  for (const CampaignNumber number : news.led_elsewhere) queue_.leave_to_another(number);
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
  const Monotonic later = clock_.monotonic() + ask_again_after;
  for (const DueLine& line : batch.lines) pacer_.put_off(line.campaign, later);
  const std::vector<Answer> none(batch.arrivals.size());
  tell(batch.arrivals, none,
       result == CommitResult::unknown ? Verdict::Kind::unanswered : Verdict::Kind::unavailable);
}

void Driver::settle_lines(const Batch& batch, const Decision& decision) {
  auto answer = decision.answers.begin();
  for (const DueLine& line : batch.lines) {
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < line.count; ++i) outcomes.push_back((answer++)->outcome);
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
      if (ledger_.runs_line(campaign.number)) {
        pacer_.wants(campaign.number, now, tick_of(campaign));
      }
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
  for (const CampaignNumber number : touched) show(ledger_.campaign(number));
}

void Driver::tell(std::span<const Claim> claims, std::span<const Answer> answers,
                  Verdict::Kind kind) {
  std::vector<Verdict> elsewhere;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    Verdict verdict{claims[i].reply_to, kind, answers[i]};
    const std::uint16_t desk = verdict.reply_to.desk;
    if (claims[i].in_queue_elsewhere && !verdict.is_yes()) verdict.kind = Verdict::Kind::unanswered;
    if (desk != ReplyTo::elsewhere && desk >= verdicts_.size()) verdicts_.resize(desk + 1U);
    (desk == ReplyTo::elsewhere ? elsewhere : verdicts_[desk]).push_back(verdict);
  }
  if (!elsewhere.empty()) queue_.answer(elsewhere);
  for (std::size_t desk = 0; desk < verdicts_.size(); ++desk) {
    if (verdicts_[desk].empty()) continue;
    events_.on_verdicts(static_cast<std::uint16_t>(desk), std::exchange(verdicts_[desk], {}));
  }
}

bool Driver::refuse_behind(std::size_t count, const Error& why) {
  const std::vector<Claim> claims = queue_.drop_behind(count);
  tell(claims, std::vector<Answer>(claims.size()), Verdict::Kind::unavailable);
  const std::vector<Submitted> submitted = take_submitted();
  for (const Submitted& one : submitted) events_.on_changed(one.reply_to, std::unexpected(why));
  return !claims.empty();
}

bool Driver::parks(const Campaign& campaign, const Batch& batch) const {
  if (campaign.settings->mode == Mode::paced) return true;
  // An instant campaign whose line is not empty yet was paced before: who arrives stands behind the
  // line, unless all of it leaves in this batch, and so is decided first.
  const std::uint64_t waiting = queue_.line_length(campaign.number);
  if (waiting == 0) return false;
  const auto line = std::ranges::find(batch.lines, campaign.number, &DueLine::campaign);
  return line == batch.lines.end() || line->count < waiting;
}

std::optional<Place> Driver::waiting_place(const Claim& claim, const Campaign& campaign) const {
  const auto identity = identity_in_line(*campaign.settings, claim.identity);
  return identity ? queue_.place(campaign.number, *identity) : std::nullopt;
}

std::size_t Driver::line_share(const Campaign& campaign) const {
  const bool certain = campaign.issued >= campaign.settings->stock;  // the rest can only lose
  if (campaign.settings->mode == Mode::paced && !certain) return campaign.settings->pace.batch;
  return std::min(options_.line_claims_max, batch_size_.next());
}

Monotonic Driver::tick_of(const Campaign& campaign) {
  const bool certain = campaign.issued >= campaign.settings->stock;
  return campaign.settings->mode == Mode::paced && !certain
             ? Monotonic{campaign.settings->pace.tick}
             : Monotonic{0};
}

}  // namespace firstcome
