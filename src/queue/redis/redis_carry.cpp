// The rounds of RedisQueue's porter: what is to be done becomes one pipeline, and its replies
// become claims with tickets, claims to decide, and what failed.

#include <algorithm>
#include <map>

#include "core/check.hpp"
#include "observe/log.hpp"
#include "queue/redis/redis_queue.hpp"

namespace firstcome::embedded {
extern const std::string_view redis_enqueue;
extern const std::string_view redis_settle;
}  // namespace firstcome::embedded

namespace firstcome {
namespace {

constexpr std::size_t claims_a_script = 1000;
constexpr std::size_t fetch_max = 4096;
constexpr std::size_t undelivered_max = 100'000;  // what goes beyond is told when it is asked again

const RedisScript& enqueue_script() {
  static const RedisScript script{std::string(embedded::redis_enqueue)};
  return script;
}

const RedisScript& settle_script() {
  static const RedisScript script{std::string(embedded::redis_settle)};
  return script;
}

// Outcomes that the ledger can tell of, so that nothing is to be written down of them.
std::string in_ledger() {
  return {outcome_digit(Outcome::issued), outcome_digit(Outcome::queued)};
}

}  // namespace

struct RedisQueue::Round {
  struct Sent {
    CampaignNumber campaign;
    std::vector<Name> names;
    std::size_t at;
  };
  struct Fetch {
    CampaignNumber campaign;
    bool from_front;
    std::size_t at;
  };
  std::vector<RedisCommand> commands;
  std::vector<RedisWaiters::Told> verdicts;
  std::size_t verdicts_end = 0;  // of the commands that deliver them, which come first
  std::vector<Sent> sent;
  std::vector<Fetch> fetches;
};

void RedisQueue::carry(Tasks tasks) {
  Round round;
  add_verdicts(round, tasks);
  add_claims(round, tasks);
  add_fetches(round, tasks);
  if (round.commands.empty()) return;
  const Monotonic start = parts_.clock.monotonic();
  const std::vector<RedisResult> results = client_.run(round.commands);
  const Monotonic took = parts_.clock.monotonic() - start;
  round_seconds_.observe(std::chrono::duration<double>(took).count());
  for (const RedisResult& result : results) {
    if (!result) failures_.add();
  }
  take_delivered(round, results);
  take_sent(round, results);
  take_fetched(round, results);
}

void RedisQueue::add_verdicts(Round& round, Tasks& tasks) const {
  if (!tasks.verdicts.empty()) {
    PostWriter post(options_.server);
    std::map<CampaignNumber, std::vector<const RedisWaiters::Told*>> decided;
    for (const RedisWaiters::Told& told : tasks.verdicts) {
      post.add(told);
      decided[told.name.campaign].push_back(&told);
    }
    round.commands.push_back(RedisCommand("PUBLISH").arg(space_.post()).arg(post.bytes()));
    for (const auto& [campaign, all] : decided) add_settling(round, campaign, all);
    round.verdicts = std::move(tasks.verdicts);
    round.verdicts_end = round.commands.size();
  }
  for (const std::string& notice : tasks.notices) {
    round.commands.push_back(RedisCommand("PUBLISH").arg(space_.work()).arg(notice));
  }
}

void RedisQueue::add_settling(Round& round, CampaignNumber campaign,
                              std::span<const RedisWaiters::Told* const> decided) const {
  for (std::size_t at = 0; at < decided.size(); at += claims_a_script) {
    const auto part = decided.subspan(at, std::min(claims_a_script, decided.size() - at));
    std::string outcomes;
    for (const auto* told : part) outcomes.push_back(outcome_digit(told->verdict.answer.outcome));
    RedisCommand command = RedisCommand::script(settle_script(), 2)
                               .key(space_.claims(campaign))
                               .key(space_.kept(campaign))
                               .arg(ttl_of(campaign).count())
                               .arg(in_ledger())
                               .arg(outcomes);
    for (const auto* told : part) command.arg(told->name.claim);
    round.commands.push_back(std::move(command));
  }
}

void RedisQueue::add_claims(Round& round, Tasks& tasks) {
  const Monotonic now = parts_.clock.monotonic();
  std::map<std::pair<CampaignNumber, bool>, std::vector<Name>> names;  // sent again, or new
  for (const Claim& claim : tasks.claims) {
    Name name{claim.campaign, claim_bytes(claim.user, claim.key)};
    const bool again = claim.reply_to.desk == ReplyTo::elsewhere;
    if (!again && !waiters_.add(name, claim, now)) continue;
    names[{claim.campaign, again}].push_back(std::move(name));
  }
  for (auto& [of, all] : names) {
    const auto& [campaign, again] = of;
    const bool announce = is_left(campaign);
    if (!announce) tasks.work.insert(campaign);
    const auto ttl = ttl_of(campaign).count();
    // Who has a ticket is not refused any more, so what is sent again has no limit.
    const auto depth_max = again ? 0 : static_cast<std::int64_t>(depth_max_of(campaign));
    for (std::size_t at = 0; at < all.size(); at += claims_a_script) {
      const std::size_t end = std::min(all.size(), at + claims_a_script);
      Round::Sent sent{campaign, {}, round.commands.size()};
      RedisCommand command = RedisCommand::script(enqueue_script(), 2)
                                 .key(space_.claims(campaign))
                                 .key(space_.meta(campaign))
                                 .arg(ttl)
                                 .arg(depth_max)
                                 .arg(announce ? space_.work() : "")
                                 .arg(std::to_string(campaign.value));
      for (std::size_t i = at; i < end; ++i) {
        command.arg(all[i].claim);
        sent.names.push_back(std::move(all[i]));
      }
      round.commands.push_back(std::move(command));
      round.sent.push_back(std::move(sent));
    }
  }
}

void RedisQueue::add_fetches(Round& round, const Tasks& tasks) {
  const std::uint64_t present = parts_.local->depth().arrived;
  const std::scoped_lock lock(mutex_);
  for (const CampaignNumber campaign : tasks.work) {
    if (left_.contains(campaign.value)) continue;
    if (present >= fetched_max) {
      put_off_.insert(campaign);
      continue;
    }
    const std::int64_t newest = fetched_.newest(campaign);
    round.fetches.push_back({campaign, newest == 0, round.commands.size()});
    round.commands.push_back(RedisCommand("ZRANGEBYSCORE")
                                 .key(space_.claims(campaign))
                                 .arg("(" + std::to_string(newest))
                                 .arg("+inf")
                                 .arg("WITHSCORES")
                                 .arg("LIMIT")
                                 .arg(0)
                                 .arg(static_cast<std::int64_t>(fetch_max)));
  }
}

void RedisQueue::take_delivered(Round& round, const std::vector<RedisResult>& results) {
  const auto end = results.begin() + static_cast<std::ptrdiff_t>(round.verdicts_end);
  if (std::all_of(results.begin(), end, [](const RedisResult& one) { return one.has_value(); })) {
    return;
  }
  // All of it once more: to be told or removed twice does no harm.
  const std::scoped_lock lock(mutex_);
  if (undelivered_.size() + round.verdicts.size() > undelivered_max) return;
  std::ranges::move(round.verdicts, std::back_inserter(undelivered_));
}

void RedisQueue::take_sent(Round& round, const std::vector<RedisResult>& results) {
  for (const Round::Sent& sent : round.sent) {
    const RedisResult& result = results[sent.at];
    if (!result && result.error().kind == RedisErrorKind::script_refused) {
      refuse(sent.names);
      continue;
    }
    if (!result) {
      note_away(result.error());
      issue_directly(sent.names);
      continue;
    }
    std::int64_t ticket = (*result)[1].integer().value_or(0);
    const std::string_view flags = (*result)[2].text();
    CHECK(flags.size() == sent.names.size(), "the script answers for each claim");
    for (std::size_t i = 0; i < flags.size(); ++i) {
      const bool is_new = flags[i] == '1';
      waiters_.confirm(sent.names[i], is_new ? std::optional(ticket++) : std::nullopt);
    }
    note_generation(sent.campaign, (*result)[0].text());
  }
}

// A new one says that what waited before is gone: it is sent again, and tickets may begin anew.
void RedisQueue::note_generation(CampaignNumber campaign, std::string_view generation) {
  std::string& known = generations_[campaign.value];
  if (!known.empty() && known != generation) {
    waiters_.note_lost(campaign);
    look_from_front(campaign);
  }
  known = generation;
}

// The queue is full: nothing was taken.
void RedisQueue::refuse(const std::vector<Name>& names) {
  std::map<std::uint16_t, std::vector<Verdict>> by_desk;
  for (const Name& name : names) {
    for (const Claim& claim : waiters_.take(name)) {
      by_desk[claim.reply_to.desk].push_back(
          {.reply_to = claim.reply_to, .kind = Verdict::Kind::overloaded});
    }
  }
  for (auto& [desk, verdicts] : by_desk) parts_.deliver(desk, std::move(verdicts));
}

void RedisQueue::take_fetched(Round& round, const std::vector<RedisResult>& results) {
  std::vector<Claim> claims;
  // To the end, so that leave_to_another() finds all claims of a campaign or none.
  const std::scoped_lock lock(mutex_);
  for (const Round::Fetch& fetch : round.fetches) {
    const RedisResult& result = results[fetch.at];
    if (!result) continue;  // what waits is fetched again when it is overdue
    if (left_.contains(fetch.campaign.value)) continue;
    if (fetch.from_front && result->size() == 0) emptied_.insert(fetch.campaign);
    for (std::size_t i = 0; i + 1 < result->size(); i += 2) {
      const std::string_view bytes = (*result)[i].text();
      const auto ticket = (*result)[i + 1].integer();
      const auto names = read_claim_bytes(bytes);
      if (!names || !ticket) continue;  // not ours
      const auto slot = fetched_.add({{fetch.campaign, std::string(bytes)}, *ticket});
      claims.push_back({.campaign = fetch.campaign,
                        .user = names->user,
                        .key = names->key,
                        .identity = parts_.fingerprints.of(names->user, names->key),
                        .arrived_at = Time(std::chrono::milliseconds(*ticket / 1000)),
                        .arrived_mono = parts_.clock.monotonic(),
                        .ticket = Ticket{static_cast<std::uint64_t>(*ticket)},
                        .reply_to = {.desk = ReplyTo::elsewhere, .slot = slot}});
    }
    if (result->size() >= 2 * fetch_max) tasks_.work.insert(fetch.campaign);
  }
  if (!claims.empty()) parts_.local->enqueue(claims);
}

void RedisQueue::issue_directly(const std::vector<Name>& names) {
  std::vector<Claim> claims;
  for (const Name& name : names) {
    const std::vector<Claim> waiting = waiters_.take(name);
    claims.insert(claims.end(), waiting.begin(), waiting.end());
  }
  if (claims.empty()) return;
  direct_.add(claims.size());
  parts_.local->enqueue(claims);
}

void RedisQueue::note_away(const RedisError& error) {
  log::warn("Redis takes no claims, they are issued without it: " + error.message);
  const std::scoped_lock lock(mutex_);
  away_until_ = parts_.clock.monotonic() + options_.away_for;
}

}  // namespace firstcome
