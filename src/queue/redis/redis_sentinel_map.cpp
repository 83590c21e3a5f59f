#include "queue/redis/redis_sentinel_map.hpp"

#include <algorithm>
#include <map>

#include "queue/redis/redis_advice.hpp"

namespace firstcome {

RedisSentinelMap::RedisSentinelMap(std::shared_ptr<const RedisAccess> access)
    : access_(std::move(access)), sentinels_(access_->url().endpoints) {}

RedisExpected<void> RedisSentinelMap::prepare(RedisDeadline deadline) {
  if (master_) return {};
  auto found = ask_all(deadline);
  if (!found) return std::unexpected(std::move(found.error()));
  master_ = std::move(*found);
  return {};
}

RedisExpected<RedisEndpoint> RedisSentinelMap::locate(std::optional<std::uint16_t> /*slot*/) const {
  if (!master_) return redis_fail(RedisErrorKind::unreachable, "no Sentinel was asked yet");
  return *master_;
}

std::vector<RedisEndpoint> RedisSentinelMap::masters() const {
  return master_ ? std::vector{*master_} : std::vector<RedisEndpoint>();
}

void RedisSentinelMap::doubt(const RedisEndpoint& /*suspect*/) {
  master_.reset();
}

void RedisSentinelMap::moved(const RedisRedirect& /*redirect*/) {
  master_.reset();
}

RedisExpected<RedisEndpoint> RedisSentinelMap::ask_all(RedisDeadline deadline) {
  const std::vector<RedisEndpoint> sentinels = sentinels_.list();  // the order changes below
  std::map<RedisEndpoint, std::size_t> votes;
  RedisError error{RedisErrorKind::unreachable, "no Sentinel is known"};
  for (const RedisEndpoint& sentinel : sentinels) {
    auto named = ask(sentinel, access_->attempt(deadline));
    if (!named) {
      sentinels_.put_last(sentinel);
      error = std::move(named.error());
      continue;
    }
    if (++votes[*named] > sentinels.size() / 2) return named;
  }
  if (votes.empty()) return std::unexpected(std::move(error));
  return std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; })->first;
}

RedisExpected<RedisEndpoint> RedisSentinelMap::ask(const RedisEndpoint& sentinel,
                                                   RedisDeadline deadline) const {
  auto connection = RedisConnection::open(access_->sentinel(sentinel), deadline);
  if (!connection) return std::unexpected(std::move(connection.error()));
  const std::string& name = access_->url().master_name;
  const std::vector command{RedisCommand("SENTINEL").arg("get-master-addr-by-name").arg(name)};
  const RedisResult reply = std::move(connection->run(command, deadline).front());
  const std::string who = "the Sentinel at " + sentinel.str();
  if (!reply) {
    const bool silent = reply.error().kind == RedisErrorKind::timeout_or_reset;
    return redis_fail(silent ? RedisErrorKind::unreachable : reply.error().kind,
                      who + " names no master: " + with_redis_advice(reply.error().message));
  }
  const auto port = (*reply)[1].integer();
  if ((*reply)[0].text().empty() || !port || *port < 1 || *port > 65535) {
    return redis_fail(RedisErrorKind::other, who + " knows no master called '" + name +
                                                 "': correct the name in the URL, or see its "
                                                 "sentinel monitor lines");
  }
  return RedisEndpoint{std::string((*reply)[0].text()), static_cast<std::uint16_t>(*port)};
}

}  // namespace firstcome
