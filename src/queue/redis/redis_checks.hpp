#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/redis/redis_map.hpp"

// Whether the Redis behind a URL can be the queue, asked once at start: every master must be new
// enough, writable, part of a whole cluster, and must never evict keys, and
// the user may do what the queue needs. What a restart would lose is said as a warning.

namespace firstcome {

// What one master says of itself.
struct RedisFacts {
  std::string server{};  // "127.0.0.1:6379"
  std::string info{};    // INFO server, memory, persistence and replication, one after another
  std::string cluster_info{};  // CLUSTER INFO, of a cluster's node
  // CONFIG GET; nothing when the user may not run it.
  struct Config {
    std::string maxmemory_policy{};
    std::string appendfsync{};
    std::string save{};
  };
  std::optional<Config> config{};
};

struct RedisFindings {
  std::vector<std::string> errors{};    // it cannot be used so; each says what to change
  std::vector<std::string> warnings{};  // it can, at a price that is named
};

// Pure.
[[nodiscard]] RedisFindings judge_redis(const RedisFacts& facts, RedisTopology topology);

struct RedisReport {
  std::vector<std::string> servers{};  // "Redis 7.0.15 at 127.0.0.1:6379"
  std::vector<std::string> warnings{};
};

// Asks every master. Blocks until the deadline at most. Error: unavailable when one cannot be asked
// now; invalid, field "queue", with all that must be changed.
[[nodiscard]] Result<RedisReport> check_redis(const std::shared_ptr<const RedisAccess>& access,
                                              RedisDeadline deadline);

}  // namespace firstcome
