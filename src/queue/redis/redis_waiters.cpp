#include "queue/redis/redis_waiters.hpp"

#include <string_view>

namespace firstcome {

std::size_t RedisWaiters::NameHash::operator()(const Name& name) const noexcept {
  return std::hash<std::string_view>{}(name.claim) ^ (name.campaign.value * 0x9E3779B97F4A7C15ULL);
}

bool RedisWaiters::add(const Name& name, const Claim& claim, Monotonic now) {
  const std::scoped_lock lock(mutex_);
  Entry& entry = entries_[name];
  entry.claims.push_back(claim);
  if (entry.claims.size() > 1) return false;
  entry.since = now;
  return true;
}

void RedisWaiters::confirm(const Name& name, std::optional<std::int64_t> ticket) {
  ByDesk by_desk;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    entry.confirmed = true;
    if (ticket && !entry.ticket) entry.ticket = ticket;
    if (!entry.early) return;
    address(entry, *entry.early, by_desk);
    entries_.erase(found);
  }
  deliver(std::move(by_desk));
}

void RedisWaiters::answer(const std::vector<Told>& all) {
  ByDesk by_desk;
  {
    const std::scoped_lock lock(mutex_);
    for (const Told& told : all) {
      const auto found = entries_.find(told.name);
      if (found == entries_.end()) continue;
      if (!found->second.confirmed) {
        found->second.early = told;
        continue;
      }
      address(found->second, told, by_desk);
      entries_.erase(found);
    }
  }
  deliver(std::move(by_desk));
}

std::vector<RedisWaiters::Name> RedisWaiters::overdue(Monotonic before, Monotonic now) {
  std::vector<Name> names;
  const std::scoped_lock lock(mutex_);
  for (auto& [name, entry] : entries_) {
    if (entry.since > before) continue;
    entry.since = now;
    names.push_back(name);
  }
  return names;
}

std::vector<Claim> RedisWaiters::take(const Name& name) {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  std::vector<Claim> claims = std::move(found->second.claims);
  entries_.erase(found);
  return claims;
}

std::vector<Claim> RedisWaiters::take_all() {
  std::vector<Claim> claims;
  const std::scoped_lock lock(mutex_);
  for (auto& [name, entry] : entries_) {
    claims.insert(claims.end(), entry.claims.begin(), entry.claims.end());
  }
  entries_.clear();
  return claims;
}

std::size_t RedisWaiters::size() const {
  const std::scoped_lock lock(mutex_);
  return entries_.size();
}

void RedisWaiters::address(const Entry& entry, const Told& told, ByDesk& by_desk) {
  bool first = entry.ticket == told.ticket;
  for (const Claim& claim : entry.claims) {
    Verdict own = told.verdict;
    own.reply_to = claim.reply_to;
    if (!std::exchange(first, false)) own.answer.repeated = true;
    by_desk[claim.reply_to.desk].push_back(own);
  }
}

void RedisWaiters::deliver(ByDesk by_desk) const {
  for (auto& [desk, verdicts] : by_desk) deliver_(desk, std::move(verdicts));
}

}  // namespace firstcome
