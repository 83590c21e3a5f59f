#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Reads what INFO and CLUSTER INFO reply: lines of name:value, headings that begin with '#'. Pure
// functions.

namespace firstcome {

// The value of a field, empty when there is none.
[[nodiscard]] std::string_view redis_info_field(std::string_view info, std::string_view name);

// Redis 7.0.15, Valkey 8.0.1. Valkey also says a redis_version, the one that it is compatible with.
struct RedisVersion {
  std::string product{};  // "Redis", "Valkey"
  unsigned major = 0;
  unsigned minor = 0;
  std::string text{};  // "7.0.15"
};

// From INFO server; empty when it says no version.
[[nodiscard]] std::optional<RedisVersion> redis_version(std::string_view info);

// "standalone", "sentinel" or "cluster", from INFO server. Redis and Valkey have names of their own
// for it.
[[nodiscard]] std::string_view redis_mode(std::string_view info);

}  // namespace firstcome
