#pragma once

#include <memory>

#include "queue/redis/redis_map.hpp"

// Does to a Redis, on keys and channels of its own that end by themselves, what the queue will do:
// the only way in every version to find out at a start what its user may not, or what it has no
// room for. In a cluster, at one of the nodes.

namespace firstcome {

// Blocks until the deadline at most. The error's message is a sentence that says what to change.
[[nodiscard]] RedisExpected<void> try_redis(const std::shared_ptr<const RedisAccess>& access,
                                            RedisDeadline deadline);

}  // namespace firstcome
