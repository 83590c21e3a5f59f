#include "queue/redis/redis_fetched.hpp"

#include <algorithm>
#include <utility>

namespace firstcome {

std::optional<std::uint32_t> RedisFetched::add(One one) {
  note_newest(one.name.campaign, one.ticket);
  State& state = states_[one.name.campaign.value];
  if (!state.here.insert(one.ticket).second) return std::nullopt;
  state.newest_here = std::max(state.newest_here, one.ticket);
  entries_.push_back({std::move(one)});
  return base_ + static_cast<std::uint32_t>(entries_.size() - 1);
}

std::optional<RedisFetched::One> RedisFetched::finish(std::uint32_t slot) {
  const std::uint32_t at = slot - base_;
  if (at >= entries_.size() || entries_[at].done) return std::nullopt;
  entries_[at].done = true;
  One one = std::move(entries_[at].one);
  pop_done();
  return one;
}

bool RedisFetched::holds(CampaignNumber campaign, std::int64_t ticket) const {
  const auto found = states_.find(campaign.value);
  return found != states_.end() && found->second.here.contains(ticket);
}

std::int64_t RedisFetched::newest_held(CampaignNumber campaign) const {
  const auto found = states_.find(campaign.value);
  return found == states_.end() ? 0 : found->second.newest_here;
}

void RedisFetched::release(CampaignNumber campaign, std::int64_t ticket) {
  State& state = states_[campaign.value];
  state.here.erase(ticket);
  if (state.here.empty()) {
    state.newest_here = 0;
  } else if (ticket == state.newest_here) {
    state.newest_here = *std::ranges::max_element(state.here);
  }
}

void RedisFetched::drop(CampaignNumber campaign) {
  for (Entry& entry : entries_) {
    if (entry.done || entry.one.name.campaign != campaign) continue;
    entry.done = true;
    release(campaign, entry.one.ticket);
  }
  pop_done();
  rewind(campaign);
}

void RedisFetched::rewind(CampaignNumber campaign) {
  State& state = states_[campaign.value];
  state.newest = 0;
  ++state.version;
}

std::int64_t RedisFetched::newest(CampaignNumber campaign) const {
  const auto found = states_.find(campaign.value);
  return found == states_.end() ? 0 : found->second.newest;
}

void RedisFetched::note_newest(CampaignNumber campaign, std::int64_t ticket) {
  State& state = states_[campaign.value];
  state.newest = std::max(state.newest, ticket);
}

std::uint64_t RedisFetched::version(CampaignNumber campaign) const {
  const auto found = states_.find(campaign.value);
  return found == states_.end() ? 0 : found->second.version;
}

void RedisFetched::pop_done() {
  while (!entries_.empty() && entries_.front().done) {
    entries_.pop_front();
    ++base_;
  }
}

}  // namespace firstcome
