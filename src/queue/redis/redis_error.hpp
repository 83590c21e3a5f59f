#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "queue/redis/redis_url.hpp"

// What a Redis command can come to other than a reply, in the kinds that callers and the client
// treat differently. After `timeout_or_reset` the command may have run, and a script that ended in
// `other` may have written before it failed; after every other kind nothing has changed. Plain
// values, pure functions.

namespace firstcome {

enum class RedisErrorKind : std::uint8_t {
  moved,             // the key's slot belongs to another node for good
  ask,               // this one key has moved already; its slot has not
  try_again,         // a slot is being moved and the command's keys are in two places
  cluster_down,      // the cluster does not serve this slot at present
  loading,           // the server reads its data set, or its link to the master is down
  readonly,          // the server is a replica
  no_script,         // the server does not know the script's digest
  busy,              // a script blocks the server, or it has no connection left to give
  oom,               // maxmemory is reached
  writes_stopped,    // the server takes no writes: too few replicas, or it cannot persist
  denied,            // wrong user or password, none given, or the user may not do this
  other_server,      // the command was for a server with another history; it was not sent
  unreachable,       // no connection; the command was not sent
  timeout_or_reset,  // sent, and the reply did not come: it may have run
  other,             // an error reply that is none of these
};

[[nodiscard]] const char* to_string(RedisErrorKind kind) noexcept;

struct RedisRedirect {
  std::uint16_t slot = 0;
  RedisEndpoint endpoint{};  // the host is empty when it is the answering server's own
};

struct RedisError {
  RedisErrorKind kind = RedisErrorKind::other;
  std::string message{};  // for people; an error reply's own text from its first word on
  std::optional<RedisRedirect> redirect{};  // of moved and ask
};

template <class T>
using RedisExpected = std::expected<T, RedisError>;

[[nodiscard]] std::unexpected<RedisError> redis_fail(RedisErrorKind kind, std::string message);

// Reads the text of an error reply, which begins with a word such as MOVED. Redis before 7 wraps
// what a script ran into; the error inside is what counts.
[[nodiscard]] RedisError classify_redis_error(std::string_view text);

// In the project's own codes, for callers that need no more: denied is invalid, timeout_or_reset
// unknown, everything else unavailable.
[[nodiscard]] Error to_error(const RedisError& error);

}  // namespace firstcome
