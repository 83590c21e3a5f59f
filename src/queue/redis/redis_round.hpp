#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "queue/redis/redis_client.hpp"
#include "queue/redis/redis_retry.hpp"

// One call of RedisClient::run(): rounds of "route, send to all nodes, receive from all", until
// every command has its result or the time is over. Part of the client, in a file of its own.

namespace firstcome {

// What outlives a call.
struct RedisClient::State {
  explicit State(std::shared_ptr<const RedisAccess> shared)
      : access(std::move(shared)), map(make_redis_map(access)) {}

  // Drops connections that the server has closed, and asks for the map when it is in doubt: also
  // after each connection that was lost, so that no reconnect trusts an old answer.
  [[nodiscard]] RedisExpected<void> refresh(RedisDeadline deadline);

  // The connection to a master, made when there is none. Valid until the next refresh().
  [[nodiscard]] RedisExpected<RedisConnection*> connect(const RedisEndpoint& endpoint,
                                                        RedisDeadline deadline);

  std::shared_ptr<const RedisAccess> access;
  std::unique_ptr<RedisMap> map;
  std::map<RedisEndpoint, RedisConnection> connections;
  std::uint64_t generation = 0;
};

class RedisClient::Round {
 public:
  Round(State& state, std::span<const RedisCommand> commands, RedisDeadline deadline,
        std::optional<RedisWait> wait);

  // Blocks until the deadline at most.
  [[nodiscard]] RedisWaited go();

 private:
  struct Pending {
    std::size_t index = 0;  // of the command
    bool as_text = false;
    std::optional<RedisEndpoint> ask{};  // sent there, with ASKING
  };
  // What goes to one node. `pending` has a place for each request: empty for ASKING and WAIT.
  struct Group {
    RedisConnection* connection = nullptr;
    std::vector<RedisRequest> requests{};
    std::vector<std::optional<Pending>> pending{};
  };

  void route();
  void route_one(const Pending& pending);
  [[nodiscard]] RedisExpected<Group*> group_of(const RedisEndpoint& endpoint);
  void add_waits();
  void exchange();
  void settle(const RedisEndpoint& endpoint, const Group& group, std::vector<RedisResult> results);
  void settle_one(const RedisEndpoint& endpoint, const Pending& pending, RedisResult result);
  void try_again(RedisNext next, const RedisEndpoint& endpoint, Pending pending,
                 const RedisError& error);
  [[nodiscard]] bool pause();

  State& state_;
  std::span<const RedisCommand> commands_;
  RedisDeadline deadline_;
  std::optional<RedisWait> wait_;
  std::optional<RedisCommand> wait_command_;

  RedisWaited waited_;
  std::vector<Pending> pending_;
  std::vector<Pending> again_;
  std::map<RedisEndpoint, Group> groups_;       // of this round
  std::map<RedisEndpoint, RedisError> failed_;  // no connection in this round
  std::set<RedisEndpoint> demoted_;             // said READONLY: connect anew, to see who it is
  bool must_pause_ = false;
  unsigned rounds_ = 0;
};

}  // namespace firstcome
