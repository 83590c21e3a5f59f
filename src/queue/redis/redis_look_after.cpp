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

using NameView = std::pair<CampaignNumber, std::string_view>;

NameView view_of(const RedisWaiters::Name& name) {
  return {name.campaign, name.claim};
}

}  // namespace

void RedisQueue::look_after(Tasks& tasks) {
  const Monotonic now = parts_.clock.monotonic();
  if (now - looked_at_ < options_.look_every) return;
  looked_at_ = now;
  if (!is_away()) {
    options_.ack == Ack::redis ? keep_patient() : refuse_patient();
    look_after_kept();
  }
  add_unsettled(tasks, add_overdue(tasks));
  const std::scoped_lock lock(mutex_);
  tasks.work.merge(retries_);
  retries_.clear();
  tasks.work.merge(tasks_.work);
}

// What has waited for long is sent again, and its campaign's leader looked for anew. But not what
// is taken out of the queue: it would stand there again. -> what is sent
std::vector<RedisQueue::Name> RedisQueue::add_overdue(Tasks& tasks) {
  auto names = waiters_.overdue(options_.send_again_after, options_.send_again_at_last,
                                parts_.clock.monotonic());
  if (names.empty()) return {};
  std::set<NameView> leaving;
  for (const auto& told : tasks.decided) leaving.insert(view_of(told.name));
  std::erase_if(names, [&](const Name& name) { return leaving.contains(view_of(name)); });
  std::set<CampaignNumber> campaigns;
  for (const Name& name : names) {
    const auto claim = read_claim_bytes(name.claim);
    CHECK(claim, "a claim that waits has its bytes");
    tasks.claims.push_back({.campaign = name.campaign,
                            .user = claim->user,
                            .key = claim->key,
                            .reply_to = {.desk = ReplyTo::elsewhere}});
    campaigns.insert(name.campaign);
  }
  sent_again_.add(names.size());
  for (const CampaignNumber campaign : campaigns) look_from_front(campaign);
  return names;
}

// What was decided and could not be taken out. But not what is sent again now, because its client
// still waits: that shows first whether Redis is there.
void RedisQueue::add_unsettled(Tasks& tasks, const std::vector<Name>& sent) {
  std::set<NameView> coming;
  for (const Name& name : sent) coming.insert(view_of(name));
  const std::scoped_lock lock(mutex_);
  const auto leaving = std::ranges::stable_partition(
      unsettled_, [&](const auto& told) { return coming.contains(view_of(told.name)); });
  std::ranges::move(leaving, std::back_inserter(tasks.decided));
  unsettled_.erase(leaving.begin(), leaving.end());
}

// Whoever has waited for long is told that it takes longer.
void RedisQueue::keep_patient() {
  RedisKeeper::Names names;
  for (auto& one : waiters_.patient(options_.patience, parts_.clock.monotonic())) {
    names[one.name.campaign].push_back(std::move(one.name));
  }
  const auto ttl = [this](CampaignNumber campaign) { return ttl_of(campaign); };
  for (const auto& [name, place] : keeper_.keep(client_, std::move(names), ttl)) {
    waiters_.note_kept(name, place, eta_of(name.campaign, place));
  }
}

// Or is told, once the claim is out of the queue, that nothing was taken. Of what cannot be taken
// out nothing is said, when its client has waited for longer still.
void RedisQueue::refuse_patient() {
  RedisKeeper::Withdrawals claims;
  std::vector<RedisWaiters::Told> told;
  RedisWaiters::Patience patience = options_.patience;
  patience.twice = true;  // that a batch broke once says little
  for (auto& [name, ticket, is_own, is_silent] :
       waiters_.patient(patience, parts_.clock.monotonic())) {
    if (is_silent) {
      told.push_back({std::move(name), ticket, {.kind = Verdict::Kind::unanswered}});
    } else if (is_own && !holds(name.campaign, ticket)) {
      claims[name.campaign].push_back({.name = std::move(name), .ticket = ticket});
    }
  }
  for (auto& [name, ticket, is_safe] : keeper_.withdraw(client_, std::move(claims))) {
    const Verdict verdict{.kind = is_safe ? Verdict::Kind::unavailable : Verdict::Kind::unanswered};
    told.push_back({std::move(name), ticket, verdict});
  }
  waiters_.answer(told, parts_.clock.monotonic());
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
