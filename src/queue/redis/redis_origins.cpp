#include "queue/redis/redis_origins.hpp"

#include <iterator>

namespace firstcome {

void RedisOrigins::note(CampaignNumber campaign, std::int64_t first, std::int64_t count,
                        std::uint64_t server) {
  if (count > 0) spans_[campaign.value][first] = {.end = first + count, .server = server};
}

std::optional<std::uint64_t> RedisOrigins::of(CampaignNumber campaign, std::int64_t ticket) const {
  const auto found = spans_.find(campaign.value);
  if (found == spans_.end()) return std::nullopt;
  const auto behind = found->second.upper_bound(ticket);
  if (behind == found->second.begin()) return std::nullopt;
  const Span& span = std::prev(behind)->second;
  return ticket < span.end ? std::optional(span.server) : std::nullopt;
}

void RedisOrigins::forget(CampaignNumber campaign, std::int64_t up_to) {
  const auto found = spans_.find(campaign.value);
  if (found == spans_.end()) return;
  auto& spans = found->second;
  while (!spans.empty() && spans.begin()->second.end <= up_to + 1) spans.erase(spans.begin());
}

}  // namespace firstcome
