#include "queue/redis/redis_fetched.hpp"

#include <algorithm>
#include <utility>

namespace firstcome {
namespace {

constexpr Monotonic rewind_again_after = std::chrono::seconds(2);

}  // namespace

std::uint32_t RedisFetched::add(One one) {
  State& state = states_[one.name.campaign.value];
  state.newest = std::max(state.newest, one.ticket);
  ++state.undecided;
  entries_.push_back({std::move(one)});
  return base_ + static_cast<std::uint32_t>(entries_.size() - 1);
}

std::optional<RedisFetched::One> RedisFetched::finish(std::uint32_t slot) {
  const std::uint32_t at = slot - base_;
  if (at >= entries_.size() || entries_[at].done) return std::nullopt;
  entries_[at].done = true;
  --states_[entries_[at].one.name.campaign.value].undecided;
  One one = std::move(entries_[at].one);
  pop_done();
  return one;
}

void RedisFetched::drop(CampaignNumber campaign) {
  for (Entry& entry : entries_) entry.done |= entry.one.name.campaign == campaign;
  states_.erase(campaign.value);
  pop_done();
}

void RedisFetched::rewind(CampaignNumber campaign, Monotonic now) {
  State& state = states_[campaign.value];
  if (state.undecided > 0 && state.rewound && now - *state.rewound < rewind_again_after) return;
  state.rewound = now;
  state.newest = 0;
}

std::int64_t RedisFetched::newest(CampaignNumber campaign) const {
  const auto found = states_.find(campaign.value);
  return found == states_.end() ? 0 : found->second.newest;
}

void RedisFetched::pop_done() {
  while (!entries_.empty() && entries_.front().done) {
    entries_.pop_front();
    ++base_;
  }
}

}  // namespace firstcome
