#include "queue/redis/redis_trial.hpp"

#include <array>
#include <string>
#include <string_view>

#include "queue/redis/redis_advice.hpp"
#include "queue/redis/redis_client.hpp"

namespace firstcome::embedded {
extern const std::string_view redis_trial;
}

namespace firstcome {
namespace {

constexpr std::string_view claims = "fc:{trial}:claims";
constexpr std::string_view meta = "fc:{trial}:meta";
constexpr std::string_view channel = "fc:trial:work";
constexpr std::int64_t ttl_ms = 1000;

const RedisScript& trial_script() {
  static const RedisScript script{std::string(embedded::redis_trial)};
  return script;
}

std::array<RedisCommand, 8> orders() {
  return {RedisCommand::script(trial_script(), 2).key(claims).key(meta).arg(ttl_ms).arg(channel),
          RedisCommand("ZRANGEBYSCORE").key(claims).arg("-inf").arg("+inf"),
          RedisCommand("PUBLISH").arg(channel).arg(""),
          RedisCommand("ZADD").key(claims).arg(1).arg("trial"),
          RedisCommand("PEXPIRE").key(claims).arg(ttl_ms),
          RedisCommand("ZRANGE").key(claims).arg(0).arg(-1),
          RedisCommand("ZRANK").key(claims).arg("trial"),
          RedisCommand("HGET").key(meta).arg("trial")};
}

RedisExpected<void> listen(const std::shared_ptr<const RedisAccess>& access,
                           RedisDeadline deadline) {
  const auto map = make_redis_map(access);
  if (auto known = map->prepare(deadline); !known) return known;
  const auto endpoint = map->locate(std::nullopt);
  if (!endpoint) return std::unexpected(endpoint.error());
  auto connection = RedisConnection::open(access->master(*endpoint), access->attempt(deadline));
  if (!connection) return std::unexpected(std::move(connection.error()));
  const std::array command{RedisCommand("SUBSCRIBE").arg(channel)};
  const RedisResult reply = std::move(connection->run(command, deadline).front());
  if (reply) return {};
  return std::unexpected(reply.error());
}

std::unexpected<RedisError> refused(const RedisError& error) {
  return redis_fail(error.kind,
                    "Redis refuses what the queue needs: " + with_redis_advice(error.message));
}

}  // namespace

RedisExpected<void> try_redis(const std::shared_ptr<const RedisAccess>& access,
                              RedisDeadline deadline) {
  RedisClient client(access);
  for (const RedisResult& result : client.run(orders(), {.time = time_left(deadline)})) {
    if (!result) return refused(result.error());
  }
  const auto heard = listen(access, deadline);
  return heard ? heard : refused(heard.error());
}

}  // namespace firstcome
