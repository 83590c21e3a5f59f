#include "net/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

namespace firstcome {
namespace {

const sockaddr_in& as_v4(const Address& address) {
  return reinterpret_cast<const sockaddr_in&>(address.storage);
}
const sockaddr_in6& as_v6(const Address& address) {
  return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

}  // namespace

bool Address::is_loopback() const noexcept {
  if (storage.ss_family == AF_INET) return (ntohl(as_v4(*this).sin_addr.s_addr) >> 24) == 127;
  return IN6_IS_ADDR_LOOPBACK(&as_v6(*this).sin6_addr);
}

std::uint16_t Address::port() const noexcept {
  return ntohs(storage.ss_family == AF_INET ? as_v4(*this).sin_port : as_v6(*this).sin6_port);
}

std::string Address::str() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &as_v4(*this).sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(port());
  }
  inet_ntop(AF_INET6, &as_v6(*this).sin6_addr, text, sizeof text);
  return "[" + std::string(text) + "]:" + std::to_string(port());
}

Result<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return invalid("listen", "an address is HOST:PORT, got '" + std::string(text) + "'");
  }
  std::string host(text.substr(0, colon));
  const std::string port(text.substr(colon + 1));
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  unsigned number = 0;
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (code != std::errc{} || end != port.data() + port.size() || number > 65535) {
    return invalid("listen", "a port is 0 to 65535, got '" + port + "'");
  }
  auto found = resolve(host, static_cast<std::uint16_t>(number));
  if (!found) return invalid("listen", std::move(found.error().message));
  return found->front();
}

Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) {
    return invalid("host", "cannot resolve host '" + host + "': " + gai_strerror(failed));
  }
  std::vector<Address> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    Address& address = addresses.emplace_back();
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
  }
  freeaddrinfo(found);
  return addresses;
}

}  // namespace firstcome
