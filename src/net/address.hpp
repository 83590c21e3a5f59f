#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace firstcome {

// A resolved TCP endpoint: "127.0.0.1:8080", "[::1]:8080". Plain value.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] bool is_loopback() const noexcept;
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::string str() const;  // "127.0.0.1:8080", "[::1]:8080"
};

// Reads "host:port"; the host is a literal address or a name, which is resolved (may block). Port 0
// asks for a free one when listening. Error: invalid, field "listen" or as the caller renames it.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

}  // namespace firstcome
