#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

// Where a firstcome server is, as the client commands take it: http://HOST[:PORT], without a path.
// TLS ends at a proxy in front of the server, so https is refused in words. Plain value.

namespace firstcome::http {

struct ServiceUrl {
  std::string host{};  // an IPv6 literal without its brackets
  std::string port{};

  // "127.0.0.1:8080", "[::1]:8080": for Host fields and for parse_address().
  [[nodiscard]] std::string authority() const;
};

// Error: invalid, field "url".
[[nodiscard]] Result<ServiceUrl> parse_service_url(std::string_view text);

}  // namespace firstcome::http
