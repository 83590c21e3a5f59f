#pragma once

#include <cstdint>

#include "queue/redis/redis_error.hpp"

// What the client does about a command that got an error: a table, without I/O.

namespace firstcome {

enum class RedisNext : std::uint8_t {
  done,       // the error is the command's result
  follow,     // the slot has moved: learn that, and send it again
  ask,        // send it once to the node named, after ASKING
  with_text,  // send the script's text
  later,      // send it again after a pause
  elsewhere,  // doubt the map, pause, and send it again
};

// `can_change`: asking for the map again can lead to another server.
[[nodiscard]] RedisNext redis_next(RedisErrorKind kind, bool can_change) noexcept;

}  // namespace firstcome
