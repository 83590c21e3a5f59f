#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "queue/redis/redis_map.hpp"

// Runs pipelines of commands on the masters, whichever they are now: one server, the master that
// Sentinels name, or the nodes of a cluster. Redirects, failovers and forgotten scripts are dealt
// with inside; what a caller sees is a reply or an honest error for each command.
//
// What is sent again, until the call's time is over: only commands that have surely not run (MOVED,
// ASK, TRYAGAIN, CLUSTERDOWN, LOADING, BUSY, READONLY, NOSCRIPT, and what never left). A command
// whose connection broke after it was sent is not: its result is timeout_or_reset, and the caller
// decides. Commands for one node keep their order, but one that is sent again comes after those
// that were not, so what depends on an order belongs in one script or in separate calls.
//
// A single server that cannot be reached is told at once; with Sentinels and clusters, where
// another may take over, the call's time is used to find it.
//
// Thread rule: one thread's own, and it blocks: give each thread that may block its own client.

namespace firstcome {

struct RedisRunOptions {
  std::optional<std::chrono::milliseconds>
      time{};  // for all of the call; else the URL's timeout_ms
};

// WAIT numreplicas timeout, behind the commands on each connection that wrote.
struct RedisWait {
  unsigned replicas = 1;
  std::chrono::milliseconds time{100};  // part of the call's time
};

struct RedisWaited {
  std::vector<RedisResult> results{};
  // For each command: how many replicas had acknowledged its connection's writes; 0 when the
  // command failed or WAIT was not answered.
  std::vector<unsigned> replicas{};
};

// A server as the client knows it from its last connection to it.
struct RedisServer {
  RedisEndpoint endpoint{};
  RedisServerId id{};
};

class RedisClient {
 public:
  // Connects to nothing yet. Error: invalid, field "queue" (the TLS files).
  [[nodiscard]] static Result<RedisClient> make(const RedisUrl& url,
                                                std::string client_name = "firstcome");
  explicit RedisClient(std::shared_ptr<const RedisAccess> access);
  RedisClient(RedisClient&&) noexcept;
  RedisClient& operator=(RedisClient&&) noexcept;
  ~RedisClient();

  // A result for each command, in their order. Blocks for the call's time at most (resolving a
  // host's name aside). Never throws.
  [[nodiscard]] std::vector<RedisResult> run(std::span<const RedisCommand> commands,
                                             const RedisRunOptions& options = {});

  // The same for one command.
  [[nodiscard]] RedisResult run(const RedisCommand& command, const RedisRunOptions& options = {});

  // The same, and how many replicas have it.
  [[nodiscard]] RedisWaited run_and_wait(std::span<const RedisCommand> commands,
                                         const RedisWait& wait,
                                         const RedisRunOptions& options = {});

  // Which server holds this key now, connecting if there is no connection. Blocks and fails as
  // run() does. The id is what RedisCommand::only_on() takes: when it differs from that of the
  // last time, what was written then may be gone.
  [[nodiscard]] RedisExpected<RedisServer> server_of(std::string_view key,
                                                     const RedisRunOptions& options = {});

  // Rises with each connection that is made to a master: unchanged means that every reply since
  // came over the same connections, from the same servers.
  [[nodiscard]] std::uint64_t generation() const;

  // Drops all connections and what is known of the topology. Does not block.
  void reset();

 private:
  class Round;  // one call of run()
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace firstcome
