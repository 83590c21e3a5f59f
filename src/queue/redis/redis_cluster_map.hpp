#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/redis/redis_map.hpp"
#include "queue/redis/redis_slot.hpp"

// Which node of the cluster serves which slot, as CLUSTER SLOTS says it. Asked of any node, the one
// that answered last first; the nodes it names are asked later, so that the cluster is found again
// when those in the URL are gone.
//
// Thread rule: one thread's own. Connections for asking last for one question.

namespace firstcome {

struct RedisSlotRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  RedisEndpoint master{};
  std::vector<RedisEndpoint> replicas{};
  friend bool operator==(const RedisSlotRange&, const RedisSlotRange&) = default;
};

// Reads the reply of CLUSTER SLOTS. A node without an address is the one asked, whose host is
// `asked`. Ranges that make no sense are left out.
[[nodiscard]] std::vector<RedisSlotRange> parse_cluster_slots(const RedisValue& reply,
                                                              const std::string& asked);

class RedisClusterMap final : public RedisMap {
 public:
  explicit RedisClusterMap(std::shared_ptr<const RedisAccess> access);

  RedisExpected<void> prepare(RedisDeadline deadline) override;
  [[nodiscard]] RedisExpected<RedisEndpoint> locate(
      std::optional<std::uint16_t> slot) const override;
  [[nodiscard]] std::vector<RedisEndpoint> masters() const override;
  void doubt(const RedisEndpoint& suspect) override;
  void moved(const RedisRedirect& redirect) override;
  [[nodiscard]] bool can_change() const override { return true; }

 private:
  static constexpr std::uint16_t no_node = 0xFFFF;

  [[nodiscard]] RedisExpected<std::vector<RedisSlotRange>> ask(const RedisEndpoint& node,
                                                               RedisDeadline deadline) const;
  void take(const std::vector<RedisSlotRange>& ranges, const RedisEndpoint& teller);
  [[nodiscard]] std::uint16_t number_of(const RedisEndpoint& node);

  std::shared_ptr<const RedisAccess> access_;
  RedisCandidates candidates_;
  std::vector<RedisEndpoint> nodes_;        // the masters
  std::vector<std::uint16_t> by_slot_;      // an index into nodes_, or no_node
  std::vector<RedisRedirect> corrections_;  // heard since the last answer, which they outdate
  std::size_t doubts_ = 0;                  // so that what needs no slot tries another node
  bool known_ = false;
};

}  // namespace firstcome
