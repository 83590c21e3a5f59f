#include "http/service_url.hpp"

#include <algorithm>
#include <charconv>

namespace firstcome::http {
namespace {

constexpr std::string_view scheme = "http://";

std::unexpected<Error> refused(std::string_view text, const std::string& why) {
  return invalid("url", "'" + std::string(text) + "' is no URL of a server: " + why);
}

bool is_port(std::string_view text) {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  return code == std::errc{} && rest == end && number >= 1 && number <= 65535;
}

bool is_host(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](unsigned char c) {
    return c <= ' ' || c >= 0x7F || c == '@' || c == '?' || c == '#' || c == '[' || c == ']';
  });
}

// Splits "[::1]:8080" and "name:8080"; the port may be missing.
ServiceUrl split(std::string_view authority) {
  const bool bracketed = authority.starts_with('[') && authority.contains(']');
  const std::size_t host_end = bracketed ? authority.find(']') : authority.find(':');
  const std::string_view host = authority.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0));
  const std::size_t colon = authority.find(':', bracketed ? host_end : 0);
  if (colon == std::string_view::npos) return {std::string(host), "80"};
  return {std::string(host), std::string(authority.substr(colon + 1))};
}

}  // namespace

std::string ServiceUrl::authority() const {
  return (host.contains(':') ? "[" + host + "]" : host) + ":" + port;
}

Result<ServiceUrl> parse_service_url(std::string_view text) {
  if (!text.starts_with(scheme)) {
    return refused(text, "only http:// is spoken here, like http://127.0.0.1:8080");
  }
  std::string_view rest = text.substr(scheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.contains('/')) return refused(text, "leave the path out");
  ServiceUrl url = split(rest);
  if (!is_host(url.host)) return refused(text, "its host is missing or malformed");
  if (!is_port(url.port)) return refused(text, "its port is not 1 to 65535");
  return url;
}

}  // namespace firstcome::http
