#pragma once

#include <optional>
#include <vector>

#include "queue/redis/redis_queue.hpp"

// One round of RedisQueue's porter: a pipeline, and what its replies belong to. Part of the queue,
// in a file of its own.

namespace firstcome {

struct RedisQueue::Round {
  static constexpr std::int64_t fetch_max = 4096;  // claims

  struct Settling {
    std::vector<RedisWaiters::Told> decided;
    std::size_t at;
  };
  struct Sent {
    CampaignNumber campaign;
    std::vector<Name> names;
    std::optional<Behind> behind;  // it fetches, too
    std::size_t at;
  };
  struct Fetch {
    CampaignNumber campaign;
    Behind behind;
    std::size_t at;
  };
  std::vector<RedisCommand> commands;
  std::vector<Settling> settlings;
  bool has_noes = false;
  std::vector<CampaignNumber> moves;  // where something was decided, and it is time to say so
  std::vector<Sent> sent;
  std::vector<Fetch> fetches;
};

}  // namespace firstcome
