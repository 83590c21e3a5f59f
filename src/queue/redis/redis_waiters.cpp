#include "queue/redis/redis_waiters.hpp"

#include <string_view>

namespace firstcome {

std::size_t RedisWaiters::NameHash::operator()(const NameView& name) const noexcept {
  return std::hash<std::string_view>{}(name.claim) ^ (name.campaign.value * 0x9E3779B97F4A7C15ULL);
}

std::size_t RedisWaiters::NameHash::operator()(const Name& name) const noexcept {
  return (*this)(NameView{name.campaign, name.claim});
}

bool RedisWaiters::waits_for(CampaignNumber campaign, std::string_view claim) const {
  const std::scoped_lock lock(mutex_);
  return entries_.find(NameView{campaign, claim}, NameHash{}, NameEqual{}) != entries_.end();
}

void RedisWaiters::note_decided(CampaignNumber campaign, Monotonic now) {
  const std::scoped_lock lock(mutex_);
  decided_[campaign.value] = now;
}

bool RedisWaiters::add(const Name& name, const Claim& claim, Monotonic now) {
  const std::scoped_lock lock(mutex_);
  const auto [found, is_new] = entries_.try_emplace(name);
  Entry& entry = found->second;
  if (entry.claims.empty()) entry.since = now;
  if (is_new) entry.sent = now;
  entry.claims.push_back(claim);
  return is_new;
}

void RedisWaiters::confirm(const Name& name, std::int64_t ticket, bool is_new) {
  ByDesk by_desk;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    if (entry.ticket != ticket) {
      entry.is_own = is_new;
      entry.had_another = entry.confirmed;
    }
    entry.confirmed = true;
    entry.ticket = ticket;
    if (!entry.early) return;
    if (!address(entry, *entry.early, by_desk)) return entry.early.reset();
    entries_.erase(found);
  }
  deliver(std::move(by_desk));
}

void RedisWaiters::answer(const std::vector<Told>& all, Monotonic now) {
  ByDesk by_desk;
  {
    const std::scoped_lock lock(mutex_);
    for (const Told& told : all) {
      if (told.verdict.kind == Verdict::Kind::answered) decided_[told.name.campaign.value] = now;
      const auto found = entries_.find(told.name);
      if (found == entries_.end()) continue;
      if (!found->second.confirmed) {
        found->second.early = told;
        continue;
      }
      if (address(found->second, told, by_desk)) entries_.erase(found);
    }
  }
  deliver(std::move(by_desk));
}

std::vector<RedisWaiters::Name> RedisWaiters::overdue(Monotonic soon, Monotonic late,
                                                      Monotonic now) {
  std::vector<Name> names;
  const std::scoped_lock lock(mutex_);
  for (auto& [name, entry] : entries_) {
    const bool is_soon = !entry.kept && !moved_since(name.campaign, now - soon);
    if (entry.sent > now - (is_soon ? soon : late)) continue;
    entry.sent = now;
    names.push_back(name);
  }
  return names;
}

void RedisWaiters::note_stalled(CampaignNumber campaign, Monotonic now) {
  const std::scoped_lock lock(mutex_);
  Stalled& stalled = stalled_[campaign.value];
  stalled = {.last = now, .before = stalled.last};
}

std::vector<RedisWaiters::Patient> RedisWaiters::patient(const Patience& patience,
                                                         Monotonic now) const {
  std::vector<Patient> patient;
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, entry] : entries_) {
    if (!entry.confirmed || (entry.claims.empty() && (!entry.promised || entry.kept))) continue;
    const auto found = stalled_.find(name.campaign.value);
    const Stalled stalled = found == stalled_.end() ? Stalled{} : found->second;
    const Monotonic tried = patience.twice ? stalled.before : stalled.last;
    const bool known = tried >= entry.since && !moved_since(name.campaign, tried);
    const auto waits_since = [&](Monotonic since) {
      return entry.since <= since && !moved_since(name.campaign, since);
    };
    const bool is_silent = waits_since(now - patience.silent);
    if (!is_silent && !(known && waits_since(now - patience.stalled))) continue;
    const bool is_own = entry.is_own && !entry.had_another;
    patient.push_back({name, entry.ticket, is_own, is_silent});
  }
  return patient;
}

void RedisWaiters::note_kept(const Name& name, const Place& place, std::chrono::milliseconds eta) {
  ByDesk by_desk;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    const Answer answer{
        .outcome = Outcome::queued, .repeated = entry.promised, .place = place, .eta = eta};
    for (const Claim& claim : entry.claims) {
      by_desk[claim.reply_to.desk].push_back({.reply_to = claim.reply_to, .answer = answer});
    }
    entry.claims.clear();
    entry.kept = true;
    entry.promised = true;
  }
  deliver(std::move(by_desk));
}

void RedisWaiters::note_lost(CampaignNumber campaign) {
  const std::scoped_lock lock(mutex_);
  for (auto& [name, entry] : entries_) {
    if (name.campaign != campaign) continue;
    entry.sent = Monotonic::min();
    entry.kept = false;
  }
}

std::vector<Claim> RedisWaiters::take(const Name& name, bool may_be_in_queue) {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  const Entry& entry = found->second;
  std::vector<Claim> claims = entry.claims;
  for (Claim& claim : claims) claim.in_queue_elsewhere |= entry.confirmed || may_be_in_queue;
  found->second.claims.clear();
  if (!entry.promised) entries_.erase(found);
  return claims;
}

bool RedisWaiters::moves_since(CampaignNumber campaign, Monotonic since) const {
  const std::scoped_lock lock(mutex_);
  return moved_since(campaign, since);
}

std::size_t RedisWaiters::size() const {
  const std::scoped_lock lock(mutex_);
  return entries_.size();
}

bool RedisWaiters::moved_since(CampaignNumber campaign, Monotonic since) const {
  const auto found = decided_.find(campaign.value);
  return found != decided_.end() && found->second > since;
}

bool RedisWaiters::address(const Entry& entry, const Told& told, ByDesk& by_desk) {
  if (entry.ticket != told.ticket && !told.verdict.is_yes()) return false;
  bool first = entry.is_own && entry.ticket == told.ticket;
  for (const Claim& claim : entry.claims) {
    Verdict own = told.verdict;
    own.reply_to = claim.reply_to;
    if (!std::exchange(first, false)) own.answer.repeated = true;
    by_desk[claim.reply_to.desk].push_back(own);
  }
  return true;
}

void RedisWaiters::deliver(ByDesk by_desk) const {
  for (auto& [desk, verdicts] : by_desk) deliver_(desk, std::move(verdicts));
}

}  // namespace firstcome
