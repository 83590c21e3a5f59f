#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

#include "core/ids.hpp"

// Which server has sent the claims that this one is to decide, by their tickets in the queue: a
// verdict goes to that server alone. The servers say so when they send; a word that was not heard,
// or not yet, costs no more than a verdict that goes to all.
//
// Not for several threads at once: its owner locks.

namespace firstcome {

class RedisOrigins {
 public:
  // `server` has sent `count` claims under tickets without gaps.
  void note(CampaignNumber campaign, std::int64_t first, std::int64_t count, std::uint64_t server);

  // nullopt: not known here.
  [[nodiscard]] std::optional<std::uint64_t> of(CampaignNumber campaign, std::int64_t ticket) const;

  // Spans that end at this ticket or before; or all.
  void forget(CampaignNumber campaign, std::int64_t up_to);
  void drop(CampaignNumber campaign) { spans_.erase(campaign.value); }

 private:
  struct Span {
    std::int64_t end = 0;  // the ticket behind it
    std::uint64_t server = 0;
  };
  std::unordered_map<std::uint32_t, std::map<std::int64_t, Span>> spans_;  // by first ticket
};

}  // namespace firstcome
