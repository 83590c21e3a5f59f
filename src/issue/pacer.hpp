#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "core/campaign.hpp"
#include "core/clock.hpp"

// When each line may move: `batch` claims every `tick`, per campaign, counted from the tick before.
// A line that was empty waits a whole tick. Pure bookkeeping; the caller brings the time.

namespace firstcome {

class Pacer {
 public:
  // The line has claims: it is due a tick from now, or at the tick that is set already.
  void wants(CampaignNumber campaign, Monotonic now, Monotonic tick) {
    next_.try_emplace(campaign, now + tick);
  }

  // Its tick was taken: due again a tick after the one that was due, or, when that is past already
  // because the commit took longer, a tick from now.
  void ticked(CampaignNumber campaign, Monotonic now, Monotonic tick) {
    Monotonic& next = next_.at(campaign);
    next = next + tick > now ? next + tick : now + tick;
  }

  // Its pace has changed: due by `at` at the latest.
  void hurry(CampaignNumber campaign, Monotonic at) {
    Monotonic& next = next_.try_emplace(campaign, at).first->second;
    if (at < next) next = at;
  }

  // Not due before `at`.
  void put_off(CampaignNumber campaign, Monotonic at) {
    const auto found = next_.find(campaign);
    if (found != next_.end() && found->second < at) found->second = at;
  }

  void forget(CampaignNumber campaign) { next_.erase(campaign); }

  // Who is due longest comes first, so that a line which is due again at once holds up no other.
  [[nodiscard]] std::vector<CampaignNumber> due(Monotonic now) const {
    std::vector<CampaignNumber> result;
    for (const auto& [campaign, next] : next_) {
      if (next <= now) result.push_back(campaign);
    }
    std::ranges::stable_sort(result, {},
                             [this](CampaignNumber campaign) { return next_.at(campaign); });
    return result;
  }

  [[nodiscard]] std::optional<Monotonic> next() const {
    std::optional<Monotonic> earliest;
    for (const auto& [campaign, next] : next_) {
      if (!earliest || next < *earliest) earliest = next;
    }
    return earliest;
  }

 private:
  std::map<CampaignNumber, Monotonic> next_;
};

}  // namespace firstcome
