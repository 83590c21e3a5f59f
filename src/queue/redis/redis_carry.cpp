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
// How long replicas have for the removal of what is told a no.
constexpr std::chrono::milliseconds replicas_wait{100};

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

// Who was told to wait does so until the pause ends.
std::string outcome_of_pause() {
  return {outcome_digit(Outcome::paused)};
}

}  // namespace

struct RedisQueue::Round {
  struct Settling {
    std::vector<RedisWaiters::Told> decided;
    std::size_t at;
  };
  struct Sent {
    CampaignNumber campaign;
    std::vector<Name> names;
    std::size_t at;
    std::int64_t newest = 0;  // ticket, of those that are new
  };
  struct Fetch {
    CampaignNumber campaign;
    std::int64_t behind;
    std::uint64_t version;
    std::size_t at;
  };
  std::vector<RedisCommand> commands;
  std::vector<Settling> settlings;
  bool has_noes = false;
  std::vector<Sent> sent;
  std::vector<Fetch> fetches;
};

void RedisQueue::carry(Tasks tasks) {
  Round round;
  add_decided(round, std::move(tasks.decided));
  add_messages(round, tasks);
  add_claims(round, tasks);
  add_fetches(round, tasks);
  if (round.commands.empty()) return;
  const std::vector<RedisResult> results = run(round);
  take_settled(round, results);
  take_sent(round, results);
  take_fetched(round, results);
  fetch_missed(round);
}

std::vector<RedisResult> RedisQueue::run(const Round& round) {
  const Monotonic start = parts_.clock.monotonic();
  // A replica that takes over must not bring back what was told a no.
  std::vector<RedisResult> results =
      round.has_noes && options_.replicas > 0
          ? client_
                .run_and_wait(round.commands,
                              {.replicas = options_.replicas, .time = replicas_wait})
                .results
          : client_.run(round.commands);
  const Monotonic took = parts_.clock.monotonic() - start;
  round_seconds_.observe(std::chrono::duration<double>(took).count());
  for (const RedisResult& result : results) {
    if (!result) failures_.add();
  }
  return results;
}

void RedisQueue::add_decided(Round& round, std::vector<RedisWaiters::Told> decided) const {
  std::map<CampaignNumber, std::vector<RedisWaiters::Told>> by_campaign;
  for (RedisWaiters::Told& told : decided) {
    round.has_noes |= !told.verdict.is_yes();
    by_campaign[told.name.campaign].push_back(std::move(told));
  }
  for (auto& [campaign, all] : by_campaign) {
    for (std::size_t at = 0; at < all.size(); at += claims_a_script) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end =
          begin + static_cast<std::ptrdiff_t>(std::min(claims_a_script, all.size() - at));
      Round::Settling settling{{std::move_iterator(begin), std::move_iterator(end)},
                               round.commands.size()};
      std::string outcomes;
      for (const auto& told : settling.decided) {
        outcomes.push_back(outcome_digit(told.verdict.answer.outcome));
      }
      RedisCommand command = RedisCommand::script(settle_script(), 3)
                                 .key(space_.claims(campaign))
                                 .key(space_.meta(campaign))
                                 .key(space_.kept(campaign))
                                 .arg(ttl_of(campaign).count())
                                 .arg(in_ledger())
                                 .arg(is_closed(campaign) ? "" : outcome_of_pause())
                                 .arg(outcomes);
      for (const auto& told : settling.decided) command.arg(told.name.claim);
      for (const auto& told : settling.decided) command.arg(told.ticket);
      round.commands.push_back(std::move(command));
      round.settlings.push_back(std::move(settling));
    }
  }
}

void RedisQueue::add_messages(Round& round, const Tasks& tasks) const {
  if (!tasks.posts.empty()) {
    PostWriter post(options_.server);
    for (const RedisWaiters::Told& told : tasks.posts) post.add(told);
    round.commands.push_back(RedisCommand("PUBLISH").arg(space_.post()).arg(post.bytes()));
  }
  for (const std::string& notice : tasks.notices) {
    round.commands.push_back(RedisCommand("PUBLISH").arg(space_.work()).arg(notice));
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
    // One that is not known yet is looked after again when it is.
    if (left_.contains(campaign.value) || !settings_.contains(campaign.value)) continue;
    if (present >= fetched_max) {
      put_off_.insert(campaign);
      continue;
    }
    const std::int64_t newest = fetched_.newest(campaign);
    round.fetches.push_back({campaign, newest, fetched_.version(campaign), round.commands.size()});
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

void RedisQueue::take_settled(Round& round, const std::vector<RedisResult>& results) {
  std::vector<RedisWaiters::Told> noes;
  std::set<CampaignNumber> standing_still;
  {
    const std::scoped_lock lock(mutex_);
    for (Round::Settling& settling : round.settlings) {
      if (!results[settling.at]) {  // to be settled twice does no harm
        std::ranges::move(settling.decided, std::back_inserter(unsettled_));
        continue;
      }
      const RedisValue staying = *results[settling.at];
      std::size_t stayed = 0;
      for (std::size_t i = 0; i < settling.decided.size(); ++i) {
        RedisWaiters::Told& told = settling.decided[i];
        fetched_.release(told.name.campaign, told.ticket);
        if (staying[stayed].integer() == static_cast<std::int64_t>(i + 1)) {
          ++stayed;
          standing_still.insert(told.name.campaign);
        } else if (!told.verdict.is_yes()) {
          noes.push_back(std::move(told));
        }
      }
    }
    tasks_.posts.insert(tasks_.posts.end(), noes.begin(), noes.end());
  }
  waiters_.answer(noes, parts_.clock.monotonic());
  for (const CampaignNumber campaign : standing_still) {
    if (!is_paused(campaign)) look_from_front(campaign);  // the pause has ended meanwhile
  }
}

void RedisQueue::take_sent(Round& round, const std::vector<RedisResult>& results) {
  for (Round::Sent& sent : round.sent) {
    const RedisResult& result = results[sent.at];
    if (!result) {
      note_away(result.error());
      issue_directly(sent.names, result.error().kind != RedisErrorKind::unreachable);
      continue;
    }
    std::int64_t ticket = (*result)[1].integer().value_or(0);
    const std::string_view flags = (*result)[2].text();
    const RedisValue known = (*result)[3];
    CHECK(flags.size() == sent.names.size(), "the script answers for each claim");
    std::vector<Name> refused;
    std::size_t old = 0;
    for (std::size_t i = 0; i < flags.size(); ++i) {
      const Name& name = sent.names[i];
      if (flags[i] == '1') waiters_.confirm(name, ticket++, true);
      if (flags[i] == '0') waiters_.confirm(name, known[old++].integer().value_or(0), false);
      if (flags[i] == '2') refused.push_back(name);
    }
    sent.newest = ticket - 1;
    if (flags.find('1') == std::string_view::npos) sent.newest = 0;
    refuse(refused);
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
    for (const Claim& claim : waiters_.take(name, false)) {
      by_desk[claim.reply_to.desk].push_back(
          {.reply_to = claim.reply_to, .kind = Verdict::Kind::overloaded});
    }
  }
  for (auto& [desk, verdicts] : by_desk) parts_.deliver(desk, std::move(verdicts));
}

void RedisQueue::take_fetched(const Round& round, const std::vector<RedisResult>& results) {
  std::vector<Claim> claims;
  // To the end, so that leave_to_another() finds all claims of a campaign or none.
  const std::scoped_lock lock(mutex_);
  for (const Round::Fetch& fetch : round.fetches) {
    const RedisResult& result = results[fetch.at];
    if (!result) continue;  // what waits is fetched again when it is overdue
    if (left_.contains(fetch.campaign.value)) continue;
    if (fetch.version != fetched_.version(fetch.campaign)) {
      tasks_.work.insert(fetch.campaign);  // what was put back meanwhile comes first
      continue;
    }
    if (fetch.behind == 0 && result->size() == 0) emptied_.insert(fetch.campaign);
    for (std::size_t i = 0; i + 1 < result->size(); i += 2) {
      const auto ticket = (*result)[i + 1].integer();
      if (ticket) add_fetched(fetch.campaign, (*result)[i].text(), *ticket, claims);
    }
    if (result->size() >= 2 * fetch_max) tasks_.work.insert(fetch.campaign);
  }
  if (!claims.empty()) parts_.local->enqueue(claims);
}

void RedisQueue::add_fetched(CampaignNumber campaign, std::string_view bytes, std::int64_t ticket,
                             std::vector<Claim>& claims) {
  const auto names = read_claim_bytes(bytes);
  if (!names) return fetched_.note_newest(campaign, ticket);  // not ours
  const auto slot = fetched_.add({{campaign, std::string(bytes)}, ticket});
  if (!slot) return;
  claims.push_back({.campaign = campaign,
                    .user = names->user,
                    .key = names->key,
                    .identity = parts_.fingerprints.of(names->user, names->key),
                    .arrived_at = Time(std::chrono::milliseconds(ticket / 1000)),
                    .arrived_mono = parts_.clock.monotonic(),
                    .ticket = Ticket{static_cast<std::uint64_t>(ticket)},
                    .reply_to = {.desk = ReplyTo::elsewhere, .slot = *slot}});
}

// A script that Redis did not know yet comes behind the fetch of its round.
void RedisQueue::fetch_missed(const Round& round) {
  const std::scoped_lock lock(mutex_);
  for (const Round::Sent& sent : round.sent) {
    const bool tried = std::ranges::find(round.fetches, sent.campaign, &Round::Fetch::campaign) !=
                       round.fetches.end();
    if (tried && fetched_.newest(sent.campaign) < sent.newest) tasks_.work.insert(sent.campaign);
  }
}

void RedisQueue::issue_directly(const std::vector<Name>& names, bool may_be_in_queue) {
  std::vector<Claim> claims;
  for (const Name& name : names) {
    const std::vector<Claim> waiting = waiters_.take(name, may_be_in_queue);
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
