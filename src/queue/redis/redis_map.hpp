#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/redis/redis_connection.hpp"
#include "queue/redis/redis_url.hpp"

// Where the masters are: the one server, the one that the Sentinels name, or the nodes of a cluster
// by slot. A map is asked before commands are sent and told when it was wrong; it does not send
// commands itself.
//
// Thread rule: RedisAccess may be shared between threads; a map is one thread's own.

namespace firstcome {

// What all connections under one URL have in common.
class RedisAccess {
 public:
  // Reads the TLS files, if any; connects to nothing. Error: invalid, field "queue".
  [[nodiscard]] static Result<std::shared_ptr<const RedisAccess>> make(
      RedisUrl url, std::string client_name = "firstcome");

  [[nodiscard]] const RedisUrl& url() const { return url_; }
  [[nodiscard]] RedisTarget master(const RedisEndpoint& endpoint) const;
  [[nodiscard]] RedisTarget sentinel(const RedisEndpoint& endpoint) const;
  // A node of the cluster that is asked for the map: a replica will do.
  [[nodiscard]] RedisTarget guide(const RedisEndpoint& endpoint) const;
  // One attempt may last this long, and never beyond `deadline`.
  [[nodiscard]] RedisDeadline attempt(RedisDeadline deadline) const;

 private:
  RedisAccess() = default;
  RedisUrl url_;
  std::string client_name_;
  std::shared_ptr<const RedisTlsContext> tls_;
};

class RedisMap {
 public:
  RedisMap() = default;
  RedisMap(const RedisMap&) = delete;
  RedisMap& operator=(const RedisMap&) = delete;
  virtual ~RedisMap() = default;

  // Asks Sentinels or nodes when the map is not known (any more); returns at once when it is.
  // Blocks until the deadline at most. Errors: unreachable (nobody answers), cluster_down, denied,
  // other; the message is a sentence.
  [[nodiscard]] virtual RedisExpected<void> prepare(RedisDeadline deadline) = 0;

  // The master that serves a slot, or any when there is none; after prepare(), which it does not
  // call. Error: cluster_down, nobody serves the slot.
  [[nodiscard]] virtual RedisExpected<RedisEndpoint> locate(
      std::optional<std::uint16_t> slot) const = 0;

  // All masters, after prepare().
  [[nodiscard]] virtual std::vector<RedisEndpoint> masters() const = 0;

  // What is known may be wrong: prepare() asks anew, `suspect` last.
  virtual void doubt(const RedisEndpoint& suspect) = 0;

  // A node said that this slot has moved; it counts until the next node says otherwise.
  virtual void moved(const RedisRedirect& redirect) = 0;

  // Whether asking again can lead to another server.
  [[nodiscard]] virtual bool can_change() const = 0;
};

[[nodiscard]] std::unique_ptr<RedisMap> make_redis_map(std::shared_ptr<const RedisAccess> access);

// Those whom to ask, the most promising first. Not empty, no duplicates.
class RedisCandidates {
 public:
  explicit RedisCandidates(std::vector<RedisEndpoint> list) : list_(std::move(list)) {}

  [[nodiscard]] const std::vector<RedisEndpoint>& list() const { return list_; }
  void add(const RedisEndpoint& endpoint);  // at the end, unless it is there
  void put_last(const RedisEndpoint& endpoint);

 private:
  std::vector<RedisEndpoint> list_;
};

}  // namespace firstcome
