// The rounds of RedisQueue's porter: what is to be done becomes one pipeline. What comes of its
// replies stands in redis_replies.cpp.

#include "queue/redis/redis_carry.hpp"

#include <algorithm>
#include <map>

namespace firstcome::embedded {
extern const std::string_view redis_enqueue;
extern const std::string_view redis_fetch;
extern const std::string_view redis_settle;
}  // namespace firstcome::embedded

namespace firstcome {
namespace {

constexpr std::size_t claims_a_script = 1000;
// How often those who wait are told that their campaign moves.
constexpr Monotonic say_moves_every = std::chrono::milliseconds(100);
// How long replicas have for the removal of what is told a no.
constexpr std::chrono::milliseconds replicas_wait{100};

const RedisScript& enqueue_script() {
  static const RedisScript script{std::string(embedded::redis_enqueue)};
  return script;
}

const RedisScript& fetch_script() {
  static const RedisScript script{std::string(embedded::redis_fetch)};
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

void RedisQueue::carry(Tasks tasks) {
  Round round;
  add_decided(round, std::move(tasks.decided));
  add_messages(round, tasks);
  add_claims(round, tasks);
  add_fetches(round, tasks);
  add_put_back(round, tasks);
  if (round.commands.empty()) return;
  const std::vector<RedisResult> results = run(round);
  take_settled(round, results);
  take_sent(round, results);
  take_fetched(round, results);
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

void RedisQueue::add_decided(Round& round, std::vector<RedisWaiters::Told> decided) {
  std::map<CampaignNumber, std::vector<RedisWaiters::Told>> by_campaign;
  for (RedisWaiters::Told& told : decided) {
    round.has_noes |= !told.verdict.is_yes();
    by_campaign[told.name.campaign].push_back(std::move(told));
  }
  const Monotonic now = parts_.clock.monotonic();
  for (auto& [campaign, all] : by_campaign) {
    Monotonic& said = moves_said_[campaign.value];
    if (now - said >= say_moves_every) {
      said = now;
      round.moves.push_back(campaign);
    }
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
      RedisCommand command = RedisCommand::script(settle_script(), 4)
                                 .key(space_.claims(campaign))
                                 .key(space_.meta(campaign))
                                 .key(space_.kept(campaign))
                                 .key(space_.also(campaign))
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
  std::map<std::uint64_t, PostWriter> posts;
  for (const auto& [told, to] : tasks.posts) {
    posts.try_emplace(to, options_.server).first->second.add(told);
  }
  for (const auto& [to, post] : posts) {
    const std::string channel = to == everyone ? space_.post() : space_.post(to);
    round.commands.push_back(RedisCommand("PUBLISH").arg(channel).arg(post.bytes()));
  }
  const auto say = [&](const std::string& notice) {
    round.commands.push_back(RedisCommand("PUBLISH").arg(space_.work()).arg(notice));
  };
  for (const std::string& notice : tasks.notices) say(notice);
  for (const CampaignNumber campaign : round.moves) {
    say(notice_bytes(
        {.kind = WorkNotice::Kind::moves, .campaign = campaign, .server = options_.server}));
  }
}

void RedisQueue::add_claims(Round& round, Tasks& tasks) {
  const Monotonic now = parts_.clock.monotonic();
  struct Names {
    std::vector<Name> anew{};
    std::vector<Name> again{};
  };
  std::map<CampaignNumber, Names> names;
  for (const Claim& claim : tasks.claims) {
    Name name{claim.campaign, claim_bytes(claim.user, claim.key)};
    const bool again = claim.reply_to.desk == ReplyTo::elsewhere;
    if (!again && !waiters_.add(name, claim, now)) continue;
    Names& all = names[claim.campaign];
    (again ? all.again : all.anew).push_back(std::move(name));
  }
  for (auto& [campaign, all] : names) {
    Sending sending{.campaign = campaign, .leader = leader_channel(campaign)};
    // Whoever comes to lead after that says that he looks from the front, behind these claims.
    sending.behind = fetch_with(campaign);
    if (sending.behind) tasks.work.erase(campaign);
    // Who has a ticket is not refused any more, so what is sent again has no limit.
    sending.again = true;
    add_scripts(round, sending, all.again, all.anew.empty());
    sending.again = false;
    sending.depth_max = static_cast<std::int64_t>(depth_max_of(campaign));
    add_scripts(round, sending, all.anew, true);
  }
}

// The last script of a campaign fetches what was sent with those before it, too.
void RedisQueue::add_scripts(Round& round, const Sending& sending, std::span<Name> names,
                             bool are_last) const {
  while (!names.empty()) {
    const std::size_t count = std::min(names.size(), claims_a_script);
    add_script(round, sending, names.first(count), are_last && count == names.size());
    names = names.subspan(count);
  }
}

void RedisQueue::add_script(Round& round, const Sending& sending, std::span<Name> names,
                            bool is_last) const {
  const CampaignNumber campaign = sending.campaign;
  const std::optional<Behind> behind = is_last ? sending.behind : std::nullopt;
  RedisCommand command = RedisCommand::script(enqueue_script(), 3)
                             .key(space_.claims(campaign))
                             .key(space_.meta(campaign))
                             .key(space_.also(campaign))
                             .arg(ttl_of(campaign).count())
                             .arg(sending.depth_max)
                             .arg(std::to_string(options_.server))
                             .arg(sending.again ? "1" : "")
                             .arg(sending.leader)
                             .arg(claims_notice_head(campaign, options_.server))
                             .arg(behind ? std::to_string(behind->ticket) : "")
                             .arg(Round::fetch_max);
  for (const Name& name : names) command.arg(name.claim);
  round.sent.push_back({campaign,
                        {std::move_iterator(names.begin()), std::move_iterator(names.end())},
                        behind,
                        round.commands.size()});
  round.commands.push_back(std::move(command));
}

// Where to say that there are claims; empty where this server looks itself.
std::string RedisQueue::leader_channel(CampaignNumber campaign) const {
  const std::scoped_lock lock(mutex_);
  const auto left = left_.find(campaign.value);
  if (left == left_.end()) return "";
  return left->second.to == everyone ? space_.work() : space_.work(left->second.to);
}

// Whether what stands in the queue is to come with claims that are sent.
std::optional<RedisQueue::Behind> RedisQueue::fetch_with(CampaignNumber campaign) {
  const std::uint64_t present = parts_.local->depth().arrived;
  const std::scoped_lock lock(mutex_);
  // One that is not known yet is looked after again when it is.
  if (left_.contains(campaign.value) || !settings_of(campaign)) return std::nullopt;
  // What could not be decided is tried again at the next look, and stands before all the rest.
  if (retries_.contains(campaign)) return std::nullopt;
  if (present >= fetched_max) {
    put_off_.insert(campaign);
    return std::nullopt;
  }
  return Behind{fetched_.newest(campaign), fetched_.version(campaign)};
}

void RedisQueue::add_fetches(Round& round, const Tasks& tasks) {
  for (const CampaignNumber campaign : tasks.work) {
    const std::optional<Behind> behind = fetch_with(campaign);
    if (!behind) continue;
    round.fetches.push_back({campaign, *behind, round.commands.size()});
    add_fetch(round, campaign, behind->ticket, Round::fetch_max);
  }
}

void RedisQueue::add_fetch(Round& round, CampaignNumber campaign, std::int64_t behind,
                           std::int64_t most) const {
  const std::scoped_lock lock(mutex_);
  round.commands.push_back(RedisCommand::script(fetch_script(), 2)
                               .key(space_.claims(campaign))
                               .key(space_.meta(campaign))
                               .arg(std::to_string(options_.server))
                               .arg(fetched_.newest_held(campaign))
                               .arg(behind)
                               .arg(most));
}

// What a campaign's fetch says in this round anyhow is not said twice: a command may be repeated,
// and come to Redis behind those that followed it.
void RedisQueue::add_put_back(Round& round, const Tasks& tasks) const {
  std::set<CampaignNumber> left = tasks.put_back;
  for (const Round::Fetch& fetch : round.fetches) left.erase(fetch.campaign);
  for (const Round::Sent& sent : round.sent) {
    if (sent.behind) left.erase(sent.campaign);
  }
  for (const CampaignNumber campaign : left) add_fetch(round, campaign, 0, 0);
}

}  // namespace firstcome
