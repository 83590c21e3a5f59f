#include "queue/redis/redis_queue.hpp"

#include <pthread.h>

#include <algorithm>
#include <map>

#include "core/check.hpp"
#include "observe/log.hpp"

namespace firstcome {
namespace {

// Of a server that has learnt that another leads, before it believes a word that may be as old.
constexpr Monotonic try_again_after = std::chrono::seconds(1);
// Keys of a campaign that is open live so long, and are refreshed with each claim.
constexpr std::chrono::milliseconds open_ttl_max = std::chrono::hours(24);

}  // namespace

RedisQueue::RedisQueue(Options options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      space_(options_.space),
      waiters_(parts_.deliver),
      keeper_({.server = options_.server, .replicas = options_.replicas}, space_, parts_.access,
              parts_.clock, parts_.metrics),
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
  for (const std::string& channel :
       {space_.work(), space_.work(options_.server), space_.post(), space_.post(options_.server)}) {
    subscriber_->subscribe(channel);
  }
  porter_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

RedisQueue::~RedisQueue() {
  subscriber_.reset();
  porter_.request_stop();
  porter_.join();
}

void RedisQueue::enqueue(std::span<Claim> claims) {
  if (is_away()) {
    direct_.add(claims.size());
    return parts_.local->enqueue(claims);
  }
  const auto paused = std::ranges::stable_partition(
      claims, [this](const Claim& claim) { return !enqueue_if_paused(claim); });
  send(claims.first(claims.size() - paused.size()));
}

// Who comes in a pause hears so from the ledger, or that it is away: in Redis she might be told to
// wait, for the end of the pause. This server may be behind; then resume() sends her there.
bool RedisQueue::enqueue_if_paused(Claim claim) {
  const std::scoped_lock lock(settings_mutex_);
  const auto found = settings_.find(claim.campaign.value);
  if (found == settings_.end() || !found->second->paused) return false;
  parts_.local->enqueue(std::span(&claim, 1));
  return true;
}

void RedisQueue::send(std::span<const Claim> claims) {
  if (claims.empty()) return;
  const std::scoped_lock lock(mutex_);
  tasks_.claims.insert(tasks_.claims.end(), claims.begin(), claims.end());
  wake_.notify_one();
}

// A yes is in the ledger and is told at once. A no is told when the claim has left the queue: as
// long as it stands there, somebody may decide it again, under other settings. What could not be
// decided stays there: another server may reach the ledger.
void RedisQueue::answer(std::span<const Verdict> verdicts) {
  std::vector<RedisWaiters::Told> yes;
  std::set<CampaignNumber> stalled;
  {
    const std::scoped_lock lock(mutex_);
    for (const Verdict& verdict : verdicts) {
      auto fetched = fetched_.finish(verdict.reply_to.slot);
      if (!fetched) continue;
      // It may be in the ledger, so it is held until this server has ended.
      if (verdict.kind == Verdict::Kind::unanswered) continue;
      if (verdict.kind != Verdict::Kind::answered) {
        const CampaignNumber campaign = fetched->name.campaign;
        fetched_.release(campaign, fetched->ticket);
        tasks_.put_back.insert(campaign);
        if (put_back_.insert(campaign).second) add_notice(campaign, WorkNotice::Kind::stalled);
        stalled.insert(campaign);
        continue;
      }
      RedisWaiters::Told told{std::move(fetched->name), fetched->ticket, verdict};
      if (verdict.is_yes()) {
        add_post(told, origins_.of(told.name.campaign, told.ticket).value_or(everyone));
        yes.push_back(told);
      }
      tasks_.decided.push_back(std::move(told));
    }
    wake_.notify_one();
    rest_is_over_.notify_one();
  }
  const Monotonic now = parts_.clock.monotonic();
  for (const CampaignNumber campaign : stalled) waiters_.note_stalled(campaign, now);
  waiters_.answer(yes, now);
}

// Who was told to wait stands before all who come when the pause is over.
void RedisQueue::resume() {
  const std::scoped_lock lock(mutex_);
  for (const CampaignNumber campaign : std::exchange(resumed_, {})) {
    std::ranges::move(parts_.local->take_out(campaign), std::back_inserter(tasks_.claims));
    fetched_.drop(campaign);
    tasks_.put_back.insert(campaign);
    tasks_.work.insert(campaign);
  }
  wake_.notify_one();
}

std::span<Claim> RedisQueue::take_batch(std::size_t max) {
  leave_put_back();
  if (!resumed_.empty()) resume();
  const std::span<Claim> batch = parts_.local->take_batch(max);
  if (!batch.empty()) batches_.begin(parts_.clock.monotonic());
  return batch;
}

// What was put back still stands in Redis, and all that is here of its campaign, whenever it was
// fetched, must not overtake it.
void RedisQueue::leave_put_back() {
  if (put_back_.empty()) return;
  const std::scoped_lock lock(mutex_);
  for (const CampaignNumber campaign : std::exchange(put_back_, {})) {
    parts_.local->leave_to_another(campaign);
    fetched_.drop(campaign);
    tasks_.put_back.insert(campaign);
    retries_.insert(campaign);
  }
  wake_.notify_one();
}

void RedisQueue::settle(std::size_t count) {
  parts_.local->settle(count);
  batches_.end(parts_.clock.monotonic());
  const std::scoped_lock lock(mutex_);
  if (parts_.local->depth().arrived < fetched_max) tasks_.work.merge(put_off_);
  if (!tasks_.empty()) wake_.notify_one();
}

void RedisQueue::leave_to_another(CampaignNumber campaign) {
  const std::scoped_lock lock(mutex_);
  parts_.local->leave_to_another(campaign);
  fetched_.drop(campaign);
  tasks_.put_back.insert(campaign);
  left_[campaign.value] = {.since = parts_.clock.monotonic()};
  origins_.drop(campaign);
  batches_.end(parts_.clock.monotonic());
  add_notice(campaign, WorkNotice::Kind::from_front);
  wake_.notify_one();
}

void RedisQueue::note_campaign(const Campaign& campaign) {
  const std::scoped_lock lock(settings_mutex_);
  auto& known = settings_[campaign.number.value];
  if (known && known->paused && !campaign.settings->paused) resumed_.insert(campaign.number);
  known = campaign.settings;
}

std::optional<Place> RedisQueue::look_up(CampaignNumber campaign, const UserId& user) {
  return keeper_.look_up(campaign, user);
}

void RedisQueue::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "porter");
  while (!stop.stop_requested()) {
    Tasks tasks = wait_for_tasks(stop);
    look_after(tasks);
    if (tasks.empty()) continue;
    rounds_.begin(parts_.clock.monotonic());
    carry(std::move(tasks));
    rounds_.end(parts_.clock.monotonic());
  }
  // What was decided until the end: its removal, then the noes that wait for that.
  for (int round = 0; round < 2; ++round) {
    Tasks rest = take_tasks();
    rest.claims.clear();
    rest.work.clear();
    carry(std::move(rest));
  }
}

RedisQueue::Tasks RedisQueue::wait_for_tasks(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, options_.look_every, [this] { return !tasks_.empty(); });
  if (const Monotonic left = rest_until() - parts_.clock.monotonic(); left > Monotonic{0}) {
    // For what is decided alone: each claim that came would wake it for nothing.
    rest_is_over_.wait_for(lock, stop, left, [this] { return !tasks_.decided.empty(); });
  }
  return std::exchange(tasks_, {});
}

RedisQueue::Tasks RedisQueue::take_tasks() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(tasks_, {});
}

// A round costs nearly the same for one claim as for a hundred. While claims wait anyhow, one round
// shortly before the batch at hand is done brings all that the next one can hold.
Monotonic RedisQueue::rest_until() const {
  if (waiters_.size() == 0 && parts_.local->depth().arrived == 0) return Monotonic{0};
  // To another server's batch it is one more way: that one fetches what this one has sent.
  const Monotonic batch_ends = std::max(batches_.ends_at() - rounds_.duration(),
                                        batches_elsewhere_.ends_at() - 2 * rounds_.duration());
  return std::max(batch_ends, rounds_.ended_at() + options_.rest);
}

void RedisQueue::hear(std::string_view channel, std::string_view payload) {
  if (channel.starts_with(space_.work())) return hear_of_work(payload);
  std::vector<RedisWaiters::Told> verdicts;
  std::set<CampaignNumber> campaigns;
  const bool for_all = channel == space_.post();
  const bool read = read_post(
      payload, options_.server, parts_.codes,
      [&](CampaignNumber campaign, std::string_view claim) {
        if (for_all) campaigns.insert(campaign);
        return !for_all || waiters_.waits_for(campaign, claim);
      },
      [&](RedisWaiters::Told told) { verdicts.push_back(std::move(told)); });
  if (!read) log::warn("a message from Redis is no verdicts of this program's version");
  const Monotonic now = parts_.clock.monotonic();
  batches_elsewhere_.end(now);
  batches_elsewhere_.begin(now);
  for (const CampaignNumber campaign : campaigns) waiters_.note_decided(campaign, now);
  waiters_.answer(verdicts, now);
}

void RedisQueue::hear_of_work(std::string_view payload) {
  const auto notice = read_notice(payload);
  if (!notice) return log::warn("a message from Redis is no word of this program's version");
  const Monotonic now = parts_.clock.monotonic();
  const CampaignNumber campaign = notice->campaign;
  const bool from_front = notice->kind == WorkNotice::Kind::from_front;
  if (notice->kind == WorkNotice::Kind::stalled) {
    // Nobody is refused by the word of another, which may be cut off from the ledger by itself.
    if (options_.ack == Ack::redis) waiters_.note_stalled(campaign, now);
    return;
  }
  if (notice->kind == WorkNotice::Kind::moves) waiters_.note_decided(campaign, now);
  const std::scoped_lock lock(mutex_);
  const auto left = left_.find(campaign.value);
  if (notice->kind == WorkNotice::Kind::moves) {
    if (left != left_.end()) left->second.to = notice->server;
    return;
  }
  if (left != left_.end()) {
    // Of two that both think the other leads, one must try; but where claims are decided, one
    // leads.
    if (!from_front || now - left->second.since < try_again_after) return;
    if (waiters_.moves_since(campaign, now - moves_within)) return;
    left_.erase(left);
  }
  if (from_front) fetched_.rewind(campaign);
  origins_.note(campaign, notice->first_ticket, notice->count, notice->server);
  tasks_.work.insert(campaign);
  wake_.notify_one();
}

// Under the lock.
void RedisQueue::add_notice(CampaignNumber campaign, WorkNotice::Kind kind) {
  tasks_.notices.insert(
      notice_bytes({.kind = kind, .campaign = campaign, .server = options_.server}));
}

bool RedisQueue::is_away() const {
  const std::scoped_lock lock(mutex_);
  return parts_.clock.monotonic() < away_until_;
}

// nullptr: it is not known yet.
std::shared_ptr<const CampaignSettings> RedisQueue::settings_of(CampaignNumber campaign) const {
  const std::scoped_lock lock(settings_mutex_);
  const auto found = settings_.find(campaign.value);
  return found == settings_.end() ? nullptr : found->second;
}

bool RedisQueue::is_closed(CampaignNumber campaign) const {
  const auto settings = settings_of(campaign);
  return settings && settings->closes_at && parts_.clock.now() >= *settings->closes_at;
}

bool RedisQueue::is_paused(CampaignNumber campaign) const {
  const auto settings = settings_of(campaign);
  return settings && settings->paused && !is_closed(campaign);
}

std::chrono::milliseconds RedisQueue::ttl_of(CampaignNumber campaign) const {
  const auto settings = settings_of(campaign);
  std::chrono::milliseconds open = open_ttl_max;
  if (settings && settings->closes_at) {
    const auto left = *settings->closes_at - parts_.clock.now();
    open = std::clamp(std::chrono::milliseconds(left), std::chrono::milliseconds(0), open_ttl_max);
  }
  return open + options_.grace;
}

std::uint64_t RedisQueue::depth_max_of(CampaignNumber campaign) const {
  const auto settings = settings_of(campaign);
  return settings ? queue_depth_max(*settings, options_.depth_max) : options_.depth_max;
}

std::chrono::milliseconds RedisQueue::eta_of(CampaignNumber campaign, const Place& place) const {
  const auto settings = settings_of(campaign);
  const Pace pace = settings ? settings->pace : Pace{};
  return eta_at(place.position, pace.batch, pace.tick);
}

}  // namespace firstcome
