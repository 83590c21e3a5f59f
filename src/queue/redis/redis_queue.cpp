#include "queue/redis/redis_queue.hpp"

#include <pthread.h>

#include <algorithm>
#include <charconv>

#include "core/check.hpp"
#include "observe/log.hpp"

namespace firstcome::embedded {
extern const std::string_view redis_enqueue;
}

namespace firstcome {
namespace {

constexpr std::size_t claims_a_script = 1000;
// Behind a campaign's number on the channel of work: something there has waited for long.
constexpr char from_the_front = '!';
constexpr std::size_t fetch_max = 4096;
constexpr std::size_t fetched_max = 16'384;

const RedisScript& enqueue_script() {
  static const RedisScript script{std::string(embedded::redis_enqueue)};
  return script;
}

std::optional<CampaignNumber> campaign_of(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return CampaignNumber{number};
}

// Tickets are written with %.17g by Redis.
std::int64_t ticket_of(const RedisValue& score) {
  return static_cast<std::int64_t>(std::strtod(std::string(score.text()).c_str(), nullptr));
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
    std::size_t at;
  };
  std::vector<RedisCommand> commands;
  std::vector<Sent> sent;
  std::vector<Fetch> fetches;
};

RedisQueue::RedisQueue(Options options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      work_channel_("fc:" + options_.space + ":work"),
      post_channel_("fc:" + options_.space + ":verdicts"),
      waiters_(parts_.deliver),
      client_(parts_.access),
      round_seconds_(parts_.metrics.shard().histogram("firstcome_redis_round_seconds",
                                                      "One pipeline to Redis and its replies.",
                                                      seconds_bounds)),
      failures_(parts_.metrics.shard().counter("firstcome_redis_failures_total",
                                               "Commands that Redis did not do.")),
      sent_again_(parts_.metrics.shard().counter(
          "firstcome_redis_sent_again_total", "Claims sent again, having waited for a verdict.")),
      direct_(parts_.metrics.shard().counter("firstcome_redis_direct_total",
                                             "Claims issued without Redis, which was away.")) {
  subscriber_ = std::make_unique<RedisSubscriber>(
      parts_.access,
      RedisListener{.on_message = [this](std::string_view channel,
                                         std::string_view payload) { hear(channel, payload); },
                    .on_subscribed = {},
                    .on_connected = {},
                    .on_lost =
                        [](std::string_view reason) {
                          log::warn("Redis is not heard any more: " + std::string(reason));
                        }});
  subscriber_->subscribe(work_channel_);
  subscriber_->subscribe(post_channel_);
  porter_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

RedisQueue::~RedisQueue() {
  subscriber_.reset();
  porter_.request_stop();
  porter_.join();
}

void RedisQueue::enqueue(std::span<Claim> claims) {
  {
    const std::scoped_lock lock(mutex_);
    if (parts_.clock.monotonic() >= away_until_) {
      tasks_.claims.insert(tasks_.claims.end(), claims.begin(), claims.end());
      wake_.notify_one();
      return;
    }
  }
  direct_.add(claims.size());
  parts_.local->enqueue(claims);
}

void RedisQueue::answer(std::span<const Verdict> verdicts) {
  std::vector<RedisWaiters::Told> named;
  named.reserve(verdicts.size());
  {
    const std::scoped_lock lock(mutex_);
    for (const Verdict& verdict : verdicts) {
      const std::uint32_t at = verdict.reply_to.slot - fetched_base_;
      CHECK(at < fetched_.size(), "a verdict for a claim that was not fetched");
      named.push_back({fetched_[at].name, fetched_[at].ticket, verdict});
      fetched_[at].done = true;
    }
    while (!fetched_.empty() && fetched_.front().done) {
      fetched_.pop_front();
      ++fetched_base_;
    }
    tasks_.verdicts.insert(tasks_.verdicts.end(), named.begin(), named.end());
    wake_.notify_one();
  }
  waiters_.answer(named);
}

void RedisQueue::leave_to_another(CampaignNumber campaign) {
  const std::scoped_lock lock(mutex_);
  parts_.local->leave_to_another(campaign);
  led_elsewhere_.insert(campaign);
  fetched_to_.erase(campaign.value);
  for (Fetched& one : fetched_) one.done |= one.name.campaign == campaign;
  while (!fetched_.empty() && fetched_.front().done) {
    fetched_.pop_front();
    ++fetched_base_;
  }
  tasks_.announce.insert(campaign);
  wake_.notify_one();
}

void RedisQueue::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "porter");
  while (!stop.stop_requested()) {
    Tasks tasks = wait_for_tasks(stop);
    add_overdue(tasks);
    if (!tasks.empty()) carry(std::move(tasks));
  }
}

RedisQueue::Tasks RedisQueue::wait_for_tasks(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  // Woken for work; the time limit is for what waits too long, and stands still without waiters.
  wake_.wait_for(lock, stop, options_.look_for_leader_after, [this] { return !tasks_.empty(); });
  return std::exchange(tasks_, {});
}

// What has waited for long is sent again, and its campaign's leader looked for anew.
void RedisQueue::add_overdue(Tasks& tasks) {
  const Monotonic now = parts_.clock.monotonic();
  if (now - looked_at_ < options_.look_for_leader_after) return;
  looked_at_ = now;
  const auto names = waiters_.overdue(now - options_.send_again_after, now);
  for (const Name& name : names) {
    const auto claim = read_claim_bytes(name.claim);
    CHECK(claim, "a claim that waits has its bytes");
    tasks.claims.push_back({.campaign = name.campaign,
                            .user = claim->user,
                            .key = claim->key,
                            .reply_to = {.desk = ReplyTo::elsewhere}});
  }
  sent_again_.add(names.size());
  const std::scoped_lock lock(mutex_);
  for (const Name& name : names) {
    led_elsewhere_.erase(name.campaign);
    // From the front: what was decided may still stand there, when its removal was lost.
    fetched_to_.erase(name.campaign.value);
    tasks.work.insert(name.campaign);
  }
}

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
  take_sent(round, results);
  take_fetched(round, results);
}

void RedisQueue::add_verdicts(Round& round, const Tasks& tasks) const {
  for (const CampaignNumber campaign : tasks.announce) {
    round.commands.push_back(RedisCommand("PUBLISH")
                                 .arg(work_channel_)
                                 .arg(std::to_string(campaign.value) + from_the_front));
  }
  if (tasks.verdicts.empty()) return;
  PostWriter post(options_.server);
  std::map<CampaignNumber, RedisCommand> removals;
  for (const RedisWaiters::Told& told : tasks.verdicts) {
    post.add(told);
    const CampaignNumber campaign = told.name.campaign;
    const auto [removal, made] = removals.try_emplace(campaign, "ZREM");
    if (made) removal->second.key(key(campaign, "claims"));
    removal->second.arg(told.name.claim);
  }
  round.commands.push_back(RedisCommand("PUBLISH").arg(post_channel_).arg(post.bytes()));
  for (auto& [campaign, removal] : removals) round.commands.push_back(std::move(removal));
}

void RedisQueue::add_claims(Round& round, Tasks& tasks) {
  const Monotonic now = parts_.clock.monotonic();
  std::map<CampaignNumber, std::vector<Name>> names;
  for (const Claim& claim : tasks.claims) {
    Name name{claim.campaign, claim_bytes(claim.user, claim.key)};
    const bool again = claim.reply_to.desk == ReplyTo::elsewhere;
    if (again || waiters_.add(name, claim, now)) names[claim.campaign].push_back(std::move(name));
  }
  const std::scoped_lock lock(mutex_);
  for (auto& [campaign, all] : names) {
    const bool announce = is_led_elsewhere(campaign);
    if (!announce) tasks.work.insert(campaign);
    for (std::size_t at = 0; at < all.size(); at += claims_a_script) {
      const std::size_t end = std::min(all.size(), at + claims_a_script);
      Round::Sent sent{campaign, {}, round.commands.size()};
      RedisCommand command = RedisCommand::script(enqueue_script(), 2)
                                 .key(key(campaign, "claims"))
                                 .key(key(campaign, "meta"))
                                 .arg(options_.ttl.count())
                                 .arg(static_cast<std::int64_t>(options_.waiting_max))
                                 .arg(announce ? work_channel_ : "")
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
    if (is_led_elsewhere(campaign)) continue;
    if (present >= fetched_max) {
      tasks_.work.insert(campaign);  // when there is room
      continue;
    }
    round.fetches.push_back({campaign, round.commands.size()});
    round.commands.push_back(RedisCommand("ZRANGEBYSCORE")
                                 .key(key(campaign, "claims"))
                                 .arg("(" + std::to_string(fetched_to_[campaign.value]))
                                 .arg("+inf")
                                 .arg("WITHSCORES")
                                 .arg("LIMIT")
                                 .arg(0)
                                 .arg(static_cast<std::int64_t>(fetch_max)));
  }
}

void RedisQueue::take_sent(Round& round, const std::vector<RedisResult>& results) {
  for (const Round::Sent& sent : round.sent) {
    const RedisResult& result = results[sent.at];
    if (!result) {
      if (result.error().kind == RedisErrorKind::script_refused) {
        std::vector<RedisWaiters::Told> refusals;
        for (const Name& name : sent.names) {
          refusals.push_back({.name = name, .verdict = {.kind = Verdict::Kind::unavailable}});
          waiters_.confirm(name, std::nullopt);
        }
        waiters_.answer(refusals);
        continue;
      }
      log::warn("Redis takes no claims, they are issued without it: " + result.error().message);
      note_away();
      issue_directly(sent.names);
      continue;
    }
    std::int64_t ticket = ticket_of((*result)[1]);
    const std::string_view flags = (*result)[2].text();
    CHECK(flags.size() == sent.names.size(), "the script answers for each claim");
    for (std::size_t i = 0; i < flags.size(); ++i) {
      const bool is_new = flags[i] == '1';
      waiters_.confirm(sent.names[i], is_new ? std::optional(ticket++) : std::nullopt);
    }
    std::string& generation = generations_[sent.campaign.value];
    const std::string_view present = (*result)[0].text();
    if (!generation.empty() && generation != present) {
      const std::scoped_lock lock(mutex_);
      fetched_to_.erase(sent.campaign.value);  // tickets may have begun anew
      tasks_.work.insert(sent.campaign);
    }
    generation = present;
  }
}

void RedisQueue::take_fetched(Round& round, const std::vector<RedisResult>& results) {
  std::vector<Claim> claims;
  // To the end, so that leave_to_another() finds all claims of a campaign or none.
  const std::scoped_lock lock(mutex_);
  for (const Round::Fetch& fetch : round.fetches) {
    const RedisResult& result = results[fetch.at];
    if (!result) continue;  // what waits is fetched again when it is overdue
    if (is_led_elsewhere(fetch.campaign)) continue;
    std::int64_t& fetched_to = fetched_to_[fetch.campaign.value];
    for (std::size_t i = 0; i + 1 < result->size(); i += 2) {
      const std::string_view bytes = (*result)[i].text();
      const std::int64_t ticket = ticket_of((*result)[i + 1]);
      fetched_to = std::max(fetched_to, ticket);
      const auto names = read_claim_bytes(bytes);
      if (!names) continue;  // not ours
      const auto slot = fetched_base_ + static_cast<std::uint32_t>(fetched_.size());
      fetched_.push_back({{fetch.campaign, std::string(bytes)}, ticket});
      claims.push_back({.campaign = fetch.campaign,
                        .user = names->user,
                        .key = names->key,
                        .identity = parts_.fingerprints.of(names->user, names->key),
                        .arrived_at = Time(std::chrono::milliseconds(ticket / 1000)),
                        .arrived_mono = parts_.clock.monotonic(),
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

void RedisQueue::note_away() {
  const std::scoped_lock lock(mutex_);
  away_until_ = parts_.clock.monotonic() + options_.away_for;
}

void RedisQueue::hear(std::string_view channel, std::string_view payload) {
  if (channel == work_channel_) {
    const bool anew = payload.ends_with(from_the_front);
    if (anew) payload.remove_suffix(1);
    const auto campaign = campaign_of(payload);
    if (!campaign) return;
    const std::scoped_lock lock(mutex_);
    if (is_led_elsewhere(*campaign)) return;
    if (anew) fetched_to_.erase(campaign->value);
    tasks_.work.insert(*campaign);
    wake_.notify_one();
    return;
  }
  std::vector<RedisWaiters::Told> verdicts;
  const bool read = read_post(payload, options_.server, parts_.codes, [&](RedisWaiters::Told told) {
    verdicts.push_back(std::move(told));
  });
  if (!read) log::warn("a message from Redis is no verdicts of this program's version");
  waiters_.answer(verdicts);
}

bool RedisQueue::is_led_elsewhere(CampaignNumber campaign) const {
  return led_elsewhere_.contains(campaign);
}

std::string RedisQueue::key(CampaignNumber campaign, std::string_view what) const {
  return "fc:{" + options_.space + "." + std::to_string(campaign.value) + "}:" + std::string(what);
}

}  // namespace firstcome
