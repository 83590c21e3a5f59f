// What RedisQueue's porter looks after every now and then, and nobody else would see to: clients
// who have waited for long, claims that are kept, and what was lost on its way.

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "core/check.hpp"
#include "queue/redis/redis_queue.hpp"

namespace firstcome {
namespace {

constexpr Monotonic look_after_kept_every = std::chrono::seconds(1);

}  // namespace

void RedisQueue::look_after(Tasks& tasks) {
  const Monotonic now = parts_.clock.monotonic();
  if (now - looked_at_ < options_.look_every) return;
  looked_at_ = now;
  waiters_.answer(std::exchange(given_up_, {}), now);
  if (!is_away()) {
    look_after_patient();
    look_after_kept();
  }
  add_unsettled(tasks);
  add_overdue(tasks);  // last, so that what is told by then is not sent again
  const std::scoped_lock lock(mutex_);
  tasks.work.merge(retries_);
  retries_.clear();
  tasks.work.merge(tasks_.work);
}

void RedisQueue::add_unsettled(Tasks& tasks) {
  const std::scoped_lock lock(mutex_);
  std::ranges::move(unsettled_, std::back_inserter(tasks.decided));
  unsettled_.clear();
}

// What has waited for long is sent again, and its campaign's leader looked for anew. But not what
// is taken out of the queue: it would stand there again.
void RedisQueue::add_overdue(Tasks& tasks) {
  const auto names = waiters_.overdue(options_.send_again_after, options_.send_again_at_last,
                                      parts_.clock.monotonic());
  if (names.empty()) return;
  std::set<std::pair<CampaignNumber, std::string_view>> decided;
  for (const auto* all : {&tasks.decided, &given_up_}) {
    for (const auto& told : *all) decided.emplace(told.name.campaign, told.name.claim);
  }
  std::set<CampaignNumber> campaigns;
  for (const Name& name : names) {
    if (decided.contains({name.campaign, name.claim})) continue;
    const auto claim = read_claim_bytes(name.claim);
    CHECK(claim, "a claim that waits has its bytes");
    tasks.claims.push_back({.campaign = name.campaign,
                            .user = claim->user,
                            .key = claim->key,
                            .reply_to = {.desk = ReplyTo::elsewhere}});
    campaigns.insert(name.campaign);
    sent_again_.add();
  }
  for (const CampaignNumber campaign : campaigns) look_from_front(campaign);
}

void RedisQueue::look_after_patient() {
  RedisKeeper::Names names;
  for (auto& [name, ticket, is_stalled] :
       waiters_.patient(options_.patience, parts_.clock.monotonic())) {
    if (options_.ack == Ack::redis || (is_stalled && !holds(name.campaign, ticket))) {
      names[name.campaign].push_back(std::move(name));
    } else if (!is_stalled) {
      given_up_.push_back({std::move(name), ticket, {.kind = Verdict::Kind::unanswered}});
    }
  }
  options_.ack == Ack::redis ? keep(names) : withdraw(names);
}

void RedisQueue::keep(const RedisKeeper::Names& names) {
  const auto ttl = [this](CampaignNumber campaign) { return ttl_of(campaign); };
  for (const auto& [name, place] : keeper_.keep(client_, names, ttl)) {
    waiters_.note_kept(name, place, eta_of(name.campaign, place));
  }
}

// That nothing was taken is told at the next look: whoever has fetched one of them before it went
// can issue it until then.
void RedisQueue::withdraw(const RedisKeeper::Names& names) {
  std::vector<RedisKeeper::Withdrawn> withdrawn = keeper_.withdraw(client_, names);
  const std::scoped_lock lock(mutex_);
  for (auto& [name, ticket, fate] : withdrawn) {
    const bool is_out = fate != RedisKeeper::Fate::stays;
    const Verdict verdict{.kind = is_out ? Verdict::Kind::unavailable : Verdict::Kind::unanswered};
    given_up_.push_back({std::move(name), ticket, verdict});
    if (fate == RedisKeeper::Fate::out_for_others) add_post(given_up_.back(), everyone);
  }
}

bool RedisQueue::holds(CampaignNumber campaign, std::int64_t ticket) const {
  const std::scoped_lock lock(mutex_);
  return fetched_.holds(campaign, ticket);
}

// Whoever kept claims may be gone, and nobody else may claim there any more.
void RedisQueue::look_after_kept() {
  for (const CampaignNumber campaign : std::exchange(emptied_, {})) {
    keeper_.forget(client_, campaign);
  }
  const Monotonic now = parts_.clock.monotonic();
  if (now - looked_after_kept_at_ < look_after_kept_every) return;
  looked_after_kept_at_ = now;
  for (const CampaignNumber campaign : keeper_.campaigns(client_)) {
    if (waiters_.moves_since(campaign, now - moves_within)) continue;
    if (is_paused(campaign)) {
      keeper_.refresh(client_, campaign, ttl_of(campaign));
    } else {
      look_from_front(campaign);
    }
  }
}

// What was decided may still stand at the front, when its removal was lost.
void RedisQueue::look_from_front(CampaignNumber campaign) {
  const std::scoped_lock lock(mutex_);
  left_.erase(campaign.value);
  fetched_.rewind(campaign);
  tasks_.work.insert(campaign);
}

}  // namespace firstcome
