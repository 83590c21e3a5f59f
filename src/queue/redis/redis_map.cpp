#include "queue/redis/redis_map.hpp"

#include <algorithm>
#include <utility>

#include "queue/redis/redis_cluster_map.hpp"
#include "queue/redis/redis_sentinel_map.hpp"

namespace firstcome {
namespace {

class SingleMap final : public RedisMap {
 public:
  explicit SingleMap(RedisEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  RedisExpected<void> prepare(RedisDeadline /*deadline*/) override { return {}; }
  [[nodiscard]] RedisExpected<RedisEndpoint> locate(
      std::optional<std::uint16_t> /*slot*/) const override {
    return endpoint_;
  }
  [[nodiscard]] std::vector<RedisEndpoint> masters() const override { return {endpoint_}; }
  void doubt(const RedisEndpoint& /*suspect*/) override {}
  void moved(const RedisRedirect& /*redirect*/) override {}
  [[nodiscard]] bool can_change() const override { return false; }

 private:
  RedisEndpoint endpoint_;
};

}  // namespace

Result<std::shared_ptr<const RedisAccess>> RedisAccess::make(RedisUrl url,
                                                             std::string client_name) {
  std::shared_ptr<RedisAccess> made(new RedisAccess);
  if (url.tls) {
    auto tls = RedisTlsContext::load(url.tls_files);
    if (!tls) return std::unexpected(std::move(tls.error()));
    made->tls_ = std::move(*tls);
  }
  made->url_ = std::move(url);
  made->client_name_ = std::move(client_name);
  return made;
}

RedisTarget RedisAccess::master(const RedisEndpoint& endpoint) const {
  return {.endpoint = endpoint,
          .login = url_.login,
          .database = url_.database,
          .tls = tls_,
          .client_name = client_name_,
          .master_only = true};
}

RedisTarget RedisAccess::sentinel(const RedisEndpoint& endpoint) const {
  return {.endpoint = endpoint,
          .login = url_.sentinel_login,
          .tls = tls_,
          .client_name = client_name_,
          .identify = false};
}

RedisTarget RedisAccess::guide(const RedisEndpoint& endpoint) const {
  RedisTarget target = master(endpoint);
  target.master_only = false;
  target.identify = false;
  return target;
}

RedisDeadline RedisAccess::attempt(RedisDeadline deadline) const {
  return std::min(deadline, redis_deadline(url_.connect_timeout));
}

std::unique_ptr<RedisMap> make_redis_map(std::shared_ptr<const RedisAccess> access) {
  switch (access->url().topology) {
    case RedisTopology::single:
      return std::make_unique<SingleMap>(access->url().endpoints.front());
    case RedisTopology::sentinel:
      return std::make_unique<RedisSentinelMap>(std::move(access));
    case RedisTopology::cluster:
      return std::make_unique<RedisClusterMap>(std::move(access));
  }
  std::unreachable();
}

void RedisCandidates::add(const RedisEndpoint& endpoint) {
  if (std::ranges::find(list_, endpoint) == list_.end()) list_.push_back(endpoint);
}

void RedisCandidates::put_last(const RedisEndpoint& endpoint) {
  std::ranges::stable_partition(list_, [&](const RedisEndpoint& one) { return one != endpoint; });
}

}  // namespace firstcome
