#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "queue/redis/redis_script.hpp"

// One command, kept as the bytes that go to the server (RESP2, binary-safe), with what the client
// needs to send it to the right place. Building it is appending; nothing fails or blocks.
//
//   RedisCommand("SET").key("{c1}:epoch").arg(7)
//   RedisCommand::script(enqueue, 2).key("{c1}:claims").key("{c1}:generation").arg(now)
//
// All keys of one command lie in one slot, which a hash tag ensures. Plain value.

namespace firstcome {

// Tells one history of a data set from another: it changes when a server starts anew and when a
// replica takes over, so what was written before may be gone.
struct RedisServerId {
  std::string run_id{};          // of the process
  std::string replication_id{};  // of the data it passes on to replicas
  friend bool operator==(const RedisServerId&, const RedisServerId&) = default;
};

class RedisCommand {
 public:
  explicit RedisCommand(std::string_view verb);

  // Runs `script`, which must outlive the command, with its first `keys` arguments as KEYS.
  [[nodiscard]] static RedisCommand script(const RedisScript& script, unsigned keys);

  RedisCommand& arg(std::string_view bytes) &;
  RedisCommand& arg(std::int64_t number) &;
  RedisCommand& key(std::string_view key) &;  // an argument that also decides where to send it
  RedisCommand&& arg(std::string_view bytes) && { return std::move(arg(bytes)); }
  RedisCommand&& arg(std::int64_t number) && { return std::move(arg(number)); }
  RedisCommand&& key(std::string_view name) && { return std::move(key(name)); }

  // Sends it where this key lives without making the key an argument (INFO, SCRIPT LOAD).
  RedisCommand& at(std::string_view key) &;
  RedisCommand&& at(std::string_view key) && { return std::move(at(key)); }

  // Only a server with this history may run it; at another its result is other_server, and
  // nothing is sent. So a caller that has not seen a failover yet does not act on its data.
  RedisCommand& only_on(RedisServerId id) &;
  RedisCommand&& only_on(RedisServerId id) && { return std::move(only_on(std::move(id))); }

  [[nodiscard]] std::optional<std::uint16_t> slot() const { return slot_; }
  [[nodiscard]] const std::optional<RedisServerId>& wanted_server() const { return server_; }

  // Appends the bytes to send: a script by its digest, or by its text.
  void append_to(std::string& wire, bool script_as_text) const;

 private:
  RedisCommand() = default;

  const RedisScript* script_ = nullptr;
  unsigned words_ = 0;  // in body_
  std::string body_;    // words as bulk strings, without the array's header
  std::optional<std::uint16_t> slot_;
  std::optional<RedisServerId> server_;
};

}  // namespace firstcome
