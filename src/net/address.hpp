#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

// All addresses of a host, a literal address or a name, in the order in which to try them (RFC
// 6724). May block for as long as the system's resolver does. Error: invalid, field "host".
[[nodiscard]] Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port);

}  // namespace firstcome
