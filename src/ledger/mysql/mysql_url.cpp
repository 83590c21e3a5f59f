#include "ledger/mysql/mysql_url.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <expected>
#include <optional>
#include <set>

namespace firstcome {
namespace {

constexpr std::string_view scheme = "mysql://";
constexpr std::string_view form = "mysql://user:password@host:port/database";

std::unexpected<Error> refused(const std::string& why) {
  return invalid("ledger", "the ledger's URL: " + why);
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_unreserved(char c) {
  return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string encoded(std::string_view text, std::string_view also_plain = {}) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || also_plain.contains(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

// The byte of "%2F"; nullopt when it is none, or NUL, which no part may hold.
std::optional<char> decoded_byte(std::string_view escape) {
  if (escape.size() < 3) return std::nullopt;
  unsigned byte = 0;
  const char* const end = escape.data() + 3;
  const auto [rest, code] = std::from_chars(escape.data() + 1, end, byte, 16);
  if (code != std::errc{} || rest != end || byte == 0) return std::nullopt;
  return static_cast<char>(byte);
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::optional<char> byte = decoded_byte(text.substr(i));
    if (!byte) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

// `part` is a secret's, too, so the message does not show it.
Result<std::string> decoded_part(std::string_view part, const std::string& what) {
  std::optional<std::string> text = decoded(part);
  if (!text) {
    return refused("in the " + what + ", a '%' is not followed by two hexadecimal digits, not 00");
  }
  return *std::move(text);
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || rest != end) return std::nullopt;
  return value;
}

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, is_unreserved);
}

Result<std::uint16_t> parse_port(std::string_view text, const std::string& whose) {
  const std::optional<std::uint64_t> port = number(text);
  if (!port || *port < 1 || *port > 65535) {
    return refused(whose + "'s port is " + quoted(text) + ", not 1 to 65535");
  }
  return static_cast<std::uint16_t>(*port);
}

// "host", "host:3306", "[::1]", "[::1]:3306"
Result<MysqlEndpoint> parse_endpoint(std::string_view text, const std::string& whose) {
  MysqlEndpoint endpoint;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    endpoint.host = text.substr(1, end == std::string_view::npos ? end : end - 1);
    port = end == std::string_view::npos ? text : text.substr(end + 1);
    if (!is_ipv6(endpoint.host) || !(port.empty() || port.starts_with(':'))) {
      return refused(whose + " is " + quoted(text) + ", not [IPv6 address]:port");
    }
  } else {
    const std::size_t colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    port = colon == std::string_view::npos ? "" : text.substr(colon);
    if (port.find(':', 1) != std::string_view::npos) {
      return refused(whose + " is " + quoted(text) + ": an IPv6 address stands in brackets");
    }
    if (!is_host(endpoint.host)) {
      return refused(whose + " is " + quoted(text) + ", not host:port");
    }
  }
  if (port.empty()) return endpoint;
  const Result<std::uint16_t> parsed = parse_port(port.substr(1), whose);
  if (!parsed) return std::unexpected(parsed.error());
  endpoint.port = *parsed;
  return endpoint;
}

struct Range {
  std::uint64_t min;
  std::uint64_t max;
};

Result<std::uint64_t> parse_number(std::string_view name, std::string_view text, Range range) {
  const std::optional<std::uint64_t> value = number(text);
  if (value && *value >= range.min && *value <= range.max) return *value;
  return refused("the option " + std::string(name) + " is " + quoted(text) + ", not " +
                 std::to_string(range.min) + " to " + std::to_string(range.max));
}

Result<void> set_milliseconds(std::chrono::milliseconds& target, std::string_view name,
                              std::string_view text, Range range) {
  const Result<std::uint64_t> value = parse_number(name, text, range);
  if (!value) return std::unexpected(value.error());
  target = std::chrono::milliseconds(*value);
  return {};
}

// Which of the names `text` is.
template <std::size_t count>
Result<std::size_t> parse_choice(std::string_view name, std::string_view text,
                                 const std::array<std::string_view, count>& names) {
  const auto* const found = std::ranges::find(names, text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string all;
  for (const std::string_view each : names) {
    all.append(all.empty() ? "" : " or ").append(each);
  }
  return refused("the option " + std::string(name) + " is " + quoted(text) + ", not " + all);
}

constexpr std::array<std::string_view, 3> tls_names{"off", "on", "verify"};
constexpr std::array<std::string_view, 2> semi_sync_names{"advised", "required"};

Result<void> set_option(MysqlUrl& url, std::string_view name, const std::string& text) {
  if (name == "replica") {
    Result<MysqlEndpoint> replica = parse_endpoint(text, "a replica");
    if (!replica) return std::unexpected(replica.error());
    url.replicas.push_back(*std::move(replica));
    return {};
  }
  if (name == "pool") {
    const Result<std::uint64_t> value = parse_number(name, text, {1, 1000});
    if (!value) return std::unexpected(value.error());
    url.pool = *value;
    return {};
  }
  if (name == "wait_ms") return set_milliseconds(url.wait, name, text, {0, 60'000});
  if (name == "connect_timeout_ms") {
    return set_milliseconds(url.login.connect_timeout, name, text, {100, 60'000});
  }
  if (name == "tls") {
    const Result<std::size_t> choice = parse_choice(name, text, tls_names);
    if (!choice) return std::unexpected(choice.error());
    url.login.tls = static_cast<MysqlTls>(*choice);
    return {};
  }
  if (name == "tls_ca") {
    if (text.empty()) return refused("the option tls_ca names no file");
    url.login.tls_ca = text;
    return {};
  }
  if (name == "semi_sync") {
    const Result<std::size_t> choice = parse_choice(name, text, semi_sync_names);
    if (!choice) return std::unexpected(choice.error());
    url.semi_sync_required = *choice == 1;
    return {};
  }
  return refused("there is no option " + quoted(name) +
                 ", only replica, pool, wait_ms, connect_timeout_ms, tls, tls_ca and semi_sync");
}

Result<void> parse_options(MysqlUrl& url, std::string_view query) {
  std::set<std::string_view> seen;
  while (true) {
    const std::size_t end = query.find('&');
    const std::string_view option = query.substr(0, end);
    const std::size_t equals = option.find('=');
    const std::string_view name = option.substr(0, equals);
    if (equals == std::string_view::npos) {
      return refused("the option " + quoted(name) + " has no value: name=value");
    }
    if (!seen.insert(name).second && name != "replica") {
      return refused("the option " + quoted(name) + " is given twice");
    }
    const Result<std::string> value =
        decoded_part(option.substr(equals + 1), "option " + quoted(name));
    if (!value) return std::unexpected(value.error());
    if (auto ok = set_option(url, name, *value); !ok) return ok;
    if (end == std::string_view::npos) return {};
    query.remove_prefix(end + 1);
  }
}

Result<void> parse_user(MysqlLogin& login, std::string_view text) {
  const std::size_t colon = text.find(':');
  Result<std::string> user = decoded_part(text.substr(0, colon), "user");
  if (!user) return std::unexpected(user.error());
  if (user->empty()) return refused("it names no user; its form is " + std::string(form));
  login.user = *std::move(user);
  if (colon == std::string_view::npos) return {};
  Result<std::string> password = decoded_part(text.substr(colon + 1), "password");
  if (!password) return std::unexpected(password.error());
  login.password = *std::move(password);
  return {};
}

Result<void> parse_database(MysqlLogin& login, std::string_view path) {
  if (path.size() < 2) return refused("it names no database; its form is " + std::string(form));
  const std::string_view name = path.substr(1);
  if (name.contains('/')) return refused("the database is " + quoted(name) + ": write / as %2F");
  Result<std::string> database = decoded_part(name, "database");
  if (!database) return std::unexpected(database.error());
  login.database = *std::move(database);
  return {};
}

// The URL's parts as they stand in it: user@authority path?query.
struct Parts {
  std::string_view user;
  std::string_view authority;
  std::string_view path;
  std::string_view query;
  bool has_query = false;
};

// Nothing before the last '@' is shown: when '/' or '?' is not escaped in a password, what comes
// before it is a piece of the password, whatever it looks like.
Result<Parts> split(std::string_view rest) {
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos)
    return refused("it names no user; its form is " + std::string(form));
  Parts parts;
  parts.user = rest.substr(0, at);
  if (parts.user.find_first_of("/?#[]@") != std::string_view::npos) {
    return refused(
        "before the last '@', in user and password, and everywhere behind it, write @ as %40, "
        "/ as %2F, ? as %3F, # as %23, [ as %5B, ] as %5D");
  }
  rest.remove_prefix(at + 1);
  if (rest.contains('#')) return refused("write # as %23");
  const std::size_t question = rest.find('?');
  parts.has_query = question != std::string_view::npos;
  if (parts.has_query) parts.query = rest.substr(question + 1);
  rest = rest.substr(0, question);
  parts.authority = rest.substr(0, rest.find('/'));
  parts.path = rest.substr(parts.authority.size());
  return parts;
}

}  // namespace

std::string MysqlEndpoint::str() const {
  return (host.contains(':') ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string MysqlUrl::str() const {
  const MysqlUrl unset{};
  std::string text = std::string(scheme) + encoded(login.user);
  if (!login.password.empty()) text += ":***";
  text += "@" + primary.str() + "/" + encoded(login.database);
  char separator = '?';
  const auto option = [&](const std::string& name, const std::string& value) {
    text += separator + name + "=" + value;
    separator = '&';
  };
  for (const MysqlEndpoint& replica : replicas) option("replica", replica.str());
  if (pool != unset.pool) option("pool", std::to_string(pool));
  if (wait != unset.wait) option("wait_ms", std::to_string(wait.count()));
  if (login.connect_timeout != unset.login.connect_timeout) {
    option("connect_timeout_ms", std::to_string(login.connect_timeout.count()));
  }
  if (login.tls != unset.login.tls) {
    option("tls", std::string(tls_names.at(static_cast<std::size_t>(login.tls))));
  }
  if (!login.tls_ca.empty()) option("tls_ca", encoded(login.tls_ca, "/"));
  if (semi_sync_required) option("semi_sync", "required");
  return text;
}

Result<MysqlUrl> parse_mysql_url(std::string_view text) {
  if (!text.starts_with(scheme))
    return refused("it does not begin with " + std::string(scheme) + "; its form is " +
                   std::string(form));
  const Result<Parts> parts = split(text.substr(scheme.size()));
  if (!parts) return std::unexpected(parts.error());
  MysqlUrl url;
  if (auto ok = parse_user(url.login, parts->user); !ok) return std::unexpected(ok.error());
  Result<MysqlEndpoint> primary = parse_endpoint(parts->authority, "the primary");
  if (!primary) return std::unexpected(primary.error());
  url.primary = *std::move(primary);
  if (auto ok = parse_database(url.login, parts->path); !ok) return std::unexpected(ok.error());
  if (parts->has_query) {
    if (auto ok = parse_options(url, parts->query); !ok) return std::unexpected(ok.error());
  }
  if (!url.login.tls_ca.empty() && url.login.tls != MysqlTls::verify) {
    return refused("the option tls_ca is of use with tls=verify only");
  }
  return url;
}

}  // namespace firstcome
