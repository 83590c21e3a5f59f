#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

// Where Redis is and how to get in, as one URL says it. Plain values, no I/O.
//
//   redis://[user:password@]host[:6379][/db]
//   redis+sentinel://[user:password@]host[:26379],…/master[?db=N]
//   redis+cluster://[user:password@]host[:6379],…
//
// `rediss` in place of `redis` speaks TLS, to Sentinels too. IPv6 stands in brackets; user,
// password and option values are percent-encoded (RFC 3986, section 2.1). Options of all three:
// connect_timeout_ms (one attempt), timeout_ms (all of one call). Of Sentinels: db, sentinel_user,
// sentinel_password. Options with TLS: tls_ca (a file;
// else the system's), tls_cert and tls_key (a client certificate), tls_name (the name certificates
// are checked for in place of the host's).

namespace firstcome {

enum class RedisTopology : std::uint8_t { single, sentinel, cluster };

struct RedisEndpoint {
  std::string host{};  // an IPv6 literal without its brackets
  std::uint16_t port = 6379;

  [[nodiscard]] std::string str() const;  // "10.0.0.1:6379", "[::1]:6379"
  friend auto operator<=>(const RedisEndpoint&, const RedisEndpoint&) = default;
};

struct RedisLogin {
  std::string user{};  // empty: Redis' default user
  std::string password{};

  [[nodiscard]] bool given() const { return !password.empty(); }
  friend bool operator==(const RedisLogin&, const RedisLogin&) = default;
};

struct RedisTlsFiles {
  std::string ca{};
  std::string cert{};
  std::string key{};
  std::string name{};
  friend bool operator==(const RedisTlsFiles&, const RedisTlsFiles&) = default;
};

struct RedisUrl {
  RedisTopology topology = RedisTopology::single;
  bool tls = false;
  std::vector<RedisEndpoint> endpoints{};  // the server, the Sentinels, or nodes of the cluster
  RedisLogin login{};
  RedisLogin sentinel_login{};
  std::string master_name{};  // as the Sentinels call it
  unsigned database = 0;
  std::chrono::milliseconds connect_timeout{500};
  std::chrono::milliseconds timeout{1000};
  RedisTlsFiles tls_files{};

  // The URL in one form, passwords as ***: for logs and the banner.
  [[nodiscard]] std::string printable() const;
};

// Whether a URL is one of these, before it is parsed.
[[nodiscard]] bool is_redis_url(std::string_view text);

// Error: invalid, field "queue"; the message names what is wrong and never shows a password.
[[nodiscard]] Result<RedisUrl> parse_redis_url(std::string_view text);

}  // namespace firstcome
