#pragma once

#include <string>
#include <string_view>

// What to change where Redis refuses. Pure.

namespace firstcome {

// What the queue needs of a user beyond a password, for ACL SETUSER.
inline constexpr std::string_view redis_rules =
    "~fc:* &fc:* +@read +@write +@pubsub +@scripting +@connection +info +time +cluster|slots "
    "+cluster|info +config|get";

// The error's text, and what to change where the text makes that clear.
[[nodiscard]] std::string with_redis_advice(std::string_view text);

}  // namespace firstcome
