#include "queue/redis/redis_client.hpp"

#include <utility>

#include "queue/redis/redis_round.hpp"
#include "queue/redis/redis_slot.hpp"

namespace firstcome {
namespace {

RedisDeadline deadline_of(const RedisRunOptions& options, const RedisAccess& access) {
  return redis_deadline(options.time.value_or(access.url().timeout));
}

}  // namespace

Result<RedisClient> RedisClient::make(const RedisUrl& url, std::string client_name) {
  auto access = RedisAccess::make(url, std::move(client_name));
  if (!access) return std::unexpected(std::move(access.error()));
  return RedisClient(std::move(*access));
}

RedisClient::RedisClient(std::shared_ptr<const RedisAccess> access)
    : state_(std::make_unique<State>(std::move(access))) {}
RedisClient::RedisClient(RedisClient&&) noexcept = default;
RedisClient& RedisClient::operator=(RedisClient&&) noexcept = default;
RedisClient::~RedisClient() = default;

std::vector<RedisResult> RedisClient::run(std::span<const RedisCommand> commands,
                                          const RedisRunOptions& options) {
  Round round(*state_, commands, deadline_of(options, *state_->access), std::nullopt);
  return std::move(round.go().results);
}

RedisResult RedisClient::run(const RedisCommand& command, const RedisRunOptions& options) {
  return std::move(run(std::span(&command, 1), options).front());
}

RedisWaited RedisClient::run_and_wait(std::span<const RedisCommand> commands, const RedisWait& wait,
                                      const RedisRunOptions& options) {
  Round round(*state_, commands, deadline_of(options, *state_->access), wait);
  return round.go();
}

RedisExpected<RedisServer> RedisClient::server_of(std::string_view key,
                                                  const RedisRunOptions& options) {
  // A command with the key goes through redirects; the map is right once it was answered.
  const RedisResult reply = run(RedisCommand("EXISTS").key(key), options);
  if (!reply) return std::unexpected(reply.error());
  auto endpoint = state_->map->locate(redis_slot(key));
  if (!endpoint) return std::unexpected(std::move(endpoint.error()));
  const auto found = state_->connections.find(*endpoint);
  if (found == state_->connections.end()) {
    return redis_fail(RedisErrorKind::unreachable, "the slot moved while it was asked for");
  }
  return RedisServer{std::move(*endpoint), found->second.server_id()};
}

std::uint64_t RedisClient::generation() const {
  return state_->generation;
}

void RedisClient::reset() {
  state_->connections.clear();
  state_->map = make_redis_map(state_->access);
}

}  // namespace firstcome
