#include "queue/redis/redis_cluster_map.hpp"

#include <algorithm>

#include "queue/redis/redis_advice.hpp"

namespace firstcome {
namespace {

std::optional<RedisEndpoint> parse_node(const RedisValue& node, const std::string& asked) {
  const auto port = node[1].integer();
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  const std::string_view host = node[0].text();
  const bool unknown = host.empty() || host == "?";
  return RedisEndpoint{unknown ? asked : std::string(host), static_cast<std::uint16_t>(*port)};
}

std::optional<RedisSlotRange> parse_range(const RedisValue& entry, const std::string& asked) {
  const auto first = entry[0].integer();
  const auto last = entry[1].integer();
  const auto master = parse_node(entry[2], asked);
  if (!first || !last || !master) return std::nullopt;
  if (*first < 0 || *last < *first || *last >= redis_slots) return std::nullopt;
  RedisSlotRange range{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last),
                       *master};
  for (std::size_t i = 3; i < entry.size(); ++i) {
    if (auto replica = parse_node(entry[i], asked)) range.replicas.push_back(std::move(*replica));
  }
  return range;
}

}  // namespace

std::vector<RedisSlotRange> parse_cluster_slots(const RedisValue& reply, const std::string& asked) {
  std::vector<RedisSlotRange> ranges;
  for (std::size_t i = 0; i < reply.size(); ++i) {
    if (auto range = parse_range(reply[i], asked)) ranges.push_back(std::move(*range));
  }
  return ranges;
}

RedisClusterMap::RedisClusterMap(std::shared_ptr<const RedisAccess> access)
    : access_(std::move(access)),
      candidates_(access_->url().endpoints),
      by_slot_(redis_slots, no_node) {}

RedisExpected<RedisEndpoint> RedisClusterMap::locate(std::optional<std::uint16_t> slot) const {
  if (slot && by_slot_[*slot] != no_node) return nodes_[by_slot_[*slot]];
  if (!slot && !nodes_.empty()) return nodes_[doubts_ % nodes_.size()];
  return redis_fail(RedisErrorKind::cluster_down,
                    "no node of the cluster serves slot " + std::to_string(slot.value_or(0)));
}

std::vector<RedisEndpoint> RedisClusterMap::masters() const {
  return nodes_;
}

void RedisClusterMap::doubt(const RedisEndpoint& suspect) {
  known_ = false;
  ++doubts_;
  candidates_.put_last(suspect);
}

void RedisClusterMap::moved(const RedisRedirect& redirect) {
  known_ = false;
  corrections_.push_back(redirect);
}

RedisExpected<void> RedisClusterMap::prepare(RedisDeadline deadline) {
  if (known_) return {};
  const std::vector<RedisEndpoint> candidates = candidates_.list();  // the order changes below
  RedisError error{RedisErrorKind::unreachable, "no node of the cluster is known"};
  for (const RedisEndpoint& node : candidates) {
    auto ranges = ask(node, access_->attempt(deadline));
    if (ranges) {
      take(*ranges, node);
      return {};
    }
    candidates_.put_last(node);
    error = std::move(ranges.error());
  }
  return std::unexpected(std::move(error));
}

RedisExpected<std::vector<RedisSlotRange>> RedisClusterMap::ask(const RedisEndpoint& node,
                                                                RedisDeadline deadline) const {
  auto connection = RedisConnection::open(access_->guide(node), deadline);
  if (!connection) return std::unexpected(std::move(connection.error()));
  const std::vector command{RedisCommand("CLUSTER").arg("SLOTS")};
  const RedisResult reply = std::move(connection->run(command, deadline).front());
  const std::string who = "Redis at " + node.str();
  if (!reply) {
    const bool silent = reply.error().kind == RedisErrorKind::timeout_or_reset;
    return redis_fail(
        silent ? RedisErrorKind::unreachable : reply.error().kind,
        who + " does not say who serves which slot: " + with_redis_advice(reply.error().message));
  }
  auto ranges = parse_cluster_slots(*reply, node.host);
  if (ranges.empty()) {
    return redis_fail(RedisErrorKind::cluster_down, who + " knows nobody who serves any slot");
  }
  return ranges;
}

void RedisClusterMap::take(const std::vector<RedisSlotRange>& ranges, const RedisEndpoint& teller) {
  nodes_.clear();
  candidates_ = RedisCandidates({teller});
  std::ranges::fill(by_slot_, no_node);
  for (const RedisSlotRange& range : ranges) {
    std::fill(by_slot_.begin() + range.first, by_slot_.begin() + range.last + 1,
              number_of(range.master));
    candidates_.add(range.master);
    for (const RedisEndpoint& replica : range.replicas) candidates_.add(replica);
  }
  for (const RedisEndpoint& node : access_->url().endpoints) candidates_.add(node);
  for (const RedisRedirect& correction : corrections_) {
    by_slot_[correction.slot] = number_of(correction.endpoint);
  }
  corrections_.clear();
  known_ = true;
}

std::uint16_t RedisClusterMap::number_of(const RedisEndpoint& node) {
  const auto found = std::ranges::find(nodes_, node);
  if (found == nodes_.end()) nodes_.push_back(node);
  return static_cast<std::uint16_t>(std::ranges::find(nodes_, node) - nodes_.begin());
}

}  // namespace firstcome
