#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/redis/redis_map.hpp"

// The one master that most Sentinels name. They are asked in turn until more than half of those in
// the URL agree, or none is left; then the address with most votes counts. So one Sentinel that was
// cut off and still names the old master does not decide. Whether that server is a master is asked
// of the server itself, by who connects.
//
// Thread rule: one thread's own. Connections to Sentinels last for one question.

namespace firstcome {

class RedisSentinelMap final : public RedisMap {
 public:
  explicit RedisSentinelMap(std::shared_ptr<const RedisAccess> access);

  RedisExpected<void> prepare(RedisDeadline deadline) override;
  [[nodiscard]] RedisExpected<RedisEndpoint> locate(
      std::optional<std::uint16_t> slot) const override;
  [[nodiscard]] std::vector<RedisEndpoint> masters() const override;
  void doubt(const RedisEndpoint& suspect) override;
  void moved(const RedisRedirect& redirect) override;
  [[nodiscard]] bool can_change() const override { return true; }

 private:
  [[nodiscard]] RedisExpected<RedisEndpoint> ask_all(RedisDeadline deadline);
  [[nodiscard]] RedisExpected<RedisEndpoint> ask(const RedisEndpoint& sentinel,
                                                 RedisDeadline deadline) const;

  std::shared_ptr<const RedisAccess> access_;
  RedisCandidates sentinels_;
  std::optional<RedisEndpoint> master_;
};

}  // namespace firstcome
