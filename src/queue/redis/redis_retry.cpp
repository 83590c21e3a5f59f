#include "queue/redis/redis_retry.hpp"

#include <utility>

namespace firstcome {

RedisNext redis_next(RedisErrorKind kind, bool can_change) noexcept {
  using enum RedisErrorKind;
  switch (kind) {
    case moved:
      return can_change ? RedisNext::follow : RedisNext::done;
    case ask:
      return can_change ? RedisNext::ask : RedisNext::done;
    case no_script:
      return RedisNext::with_text;
    case try_again:
    case busy:
      return RedisNext::later;
    case loading:
      return can_change ? RedisNext::elsewhere : RedisNext::later;
    case cluster_down:
    case readonly:
    case unreachable:
      return can_change ? RedisNext::elsewhere : RedisNext::done;
    case oom:
    case writes_stopped:
    case denied:
    case other_server:
    case timeout_or_reset:
    case other:
      return RedisNext::done;
  }
  std::unreachable();
}

}  // namespace firstcome
