#include "queue/redis/redis_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace firstcome {
namespace {

struct Scheme {
  std::string_view prefix;
  RedisTopology topology;
  bool tls;
};

constexpr std::array<Scheme, 6> schemes{{
    {"redis://", RedisTopology::single, false},
    {"rediss://", RedisTopology::single, true},
    {"redis+sentinel://", RedisTopology::sentinel, false},
    {"rediss+sentinel://", RedisTopology::sentinel, true},
    {"redis+cluster://", RedisTopology::cluster, false},
    {"rediss+cluster://", RedisTopology::cluster, true},
}};

constexpr std::uint16_t server_port = 6379;
constexpr std::uint16_t sentinel_port = 26379;
constexpr unsigned database_max = 1'000'000;
constexpr unsigned timeout_ms_max = 600'000;

using Step = Result<void>;

std::unexpected<Error> refused(const std::string& why) {
  return invalid("queue", "the Redis URL is not usable: " + why);
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

const Scheme* scheme_of(std::string_view text) {
  const auto* const found = std::ranges::find_if(
      schemes, [&](const Scheme& scheme) { return text.starts_with(scheme.prefix); });
  return found == schemes.end() ? nullptr : found;
}

std::optional<unsigned> number(std::string_view text, unsigned max) {
  unsigned value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || rest != end || value > max) return std::nullopt;
  return value;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return bytes;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~/").contains(c);
    if (plain) {
      result += c;
    } else {
      result += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return result;
}

// Splits at the first `separator`; the second half is missing when there is none.
std::pair<std::string_view, std::optional<std::string_view>> cut(std::string_view text,
                                                                 char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

bool is_host(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](unsigned char c) {
    return c <= ' ' || c >= 0x7F || std::string_view("@/?#[]%").contains(static_cast<char>(c));
  });
}

Result<RedisEndpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) {
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && end == std::string_view::npos) {
    return refused("the bracket of host " + quoted(text) + " is not closed");
  }
  RedisEndpoint endpoint{std::string(text.substr(bracketed, end - bracketed)), default_port};
  if (!is_host(endpoint.host) || (!bracketed && endpoint.host.contains(':'))) {
    return refused("its host " + quoted(endpoint.host) + " is missing or malformed");
  }
  const std::string_view rest =
      end == std::string_view::npos ? std::string_view() : text.substr(end + bracketed);
  if (rest.empty()) return endpoint;
  const auto port = rest.front() == ':' ? number(rest.substr(1), 65535) : std::nullopt;
  if (!port || *port == 0) {
    return refused("the port of " + quoted(text) + " is not 1 to 65535 (IPv6 stands in brackets)");
  }
  endpoint.port = static_cast<std::uint16_t>(*port);
  return endpoint;
}

Step read_endpoints(RedisUrl& url, std::string_view hosts) {
  const std::uint16_t default_port =
      url.topology == RedisTopology::sentinel ? sentinel_port : server_port;
  for (std::optional<std::string_view> rest = hosts; rest;) {
    const auto [host, more] = cut(*rest, ',');
    auto endpoint = parse_endpoint(host, default_port);
    if (!endpoint) return std::unexpected(std::move(endpoint.error()));
    url.endpoints.push_back(std::move(*endpoint));
    rest = more;
  }
  if (url.topology == RedisTopology::single && url.endpoints.size() > 1) {
    return refused("redis:// names one server; several are redis+sentinel:// or redis+cluster://");
  }
  return {};
}

Step read_login(RedisUrl& url, std::string_view login) {
  const auto [user, password] = cut(login, ':');
  if (!password || password->empty()) {
    return refused("its login lacks a password: write user:password@ or :password@");
  }
  auto plain_user = percent_decoded(user);
  auto plain_password = percent_decoded(*password);
  if (!plain_user || !plain_password) {
    return refused("a % in its login is not followed by two hexadecimal digits");
  }
  url.login = {std::move(*plain_user), std::move(*plain_password)};
  return {};
}

Step read_database(RedisUrl& url, std::string_view text) {
  const auto database = number(text, database_max);
  if (!database) return refused("its database " + quoted(text) + " is not a number");
  url.database = *database;
  return {};
}

Step read_path(RedisUrl& url, std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  switch (url.topology) {
    case RedisTopology::single:
      return path.empty() ? Step{} : read_database(url, path);
    case RedisTopology::sentinel: {
      auto name = percent_decoded(path);
      if (!name || name->empty() || name->contains('/')) {
        return refused("the master's name is missing: redis+sentinel://host:26379/mymaster");
      }
      url.master_name = std::move(*name);
      return {};
    }
    case RedisTopology::cluster:
      if (path.empty()) return {};
      return refused("a cluster has one database; leave '/" + std::string(path) + "' out");
  }
  std::unreachable();
}

Step read_milliseconds(std::chrono::milliseconds& target, std::string_view name,
                       std::string_view value) {
  const auto parsed = number(value, timeout_ms_max);
  if (!parsed || *parsed == 0) {
    return refused(std::string(name) + " is 1 to 600000, got " + quoted(value));
  }
  target = std::chrono::milliseconds(*parsed);
  return {};
}

// Where the text of an option goes, or null when this URL has no such option.
std::string* text_option(RedisUrl& url, std::string_view name) {
  if (url.topology == RedisTopology::sentinel) {
    if (name == "sentinel_user") return &url.sentinel_login.user;
    if (name == "sentinel_password") return &url.sentinel_login.password;
  }
  if (url.tls) {
    if (name == "tls_ca") return &url.tls_files.ca;
    if (name == "tls_cert") return &url.tls_files.cert;
    if (name == "tls_key") return &url.tls_files.key;
    if (name == "tls_name") return &url.tls_files.name;
  }
  return nullptr;
}

Step read_option(RedisUrl& url, std::string_view name, std::string_view encoded) {
  const auto value = percent_decoded(encoded);
  if (!value || value->empty()) {
    return refused("its option " + quoted(name) + " has no value, or a % without two hex digits");
  }
  if (name == "connect_timeout_ms") return read_milliseconds(url.connect_timeout, name, *value);
  if (name == "timeout_ms") return read_milliseconds(url.timeout, name, *value);
  if (name == "db" && url.topology == RedisTopology::sentinel) return read_database(url, *value);
  std::string* const text = text_option(url, name);
  if (text == nullptr) return refused("it has an unknown option " + quoted(name));
  *text = *value;
  return {};
}

Step read_options(RedisUrl& url, std::string_view query) {
  std::vector<std::string_view> seen;
  for (std::optional<std::string_view> rest = query; rest;) {
    const auto [option, more] = cut(*rest, '&');
    const auto [name, value] = cut(option, '=');
    if (std::ranges::find(seen, name) != seen.end())
      return refused("it gives " + quoted(name) + " twice");
    seen.push_back(name);
    if (auto read = read_option(url, name, value.value_or("")); !read) return read;
    rest = more;
  }
  if (!url.sentinel_login.user.empty() && !url.sentinel_login.given()) {
    return refused("sentinel_user comes without sentinel_password");
  }
  if (url.tls_files.cert.empty() != url.tls_files.key.empty()) {
    return refused("tls_cert and tls_key come together");
  }
  return {};
}

// user:***@, whichever of the two there is.
std::string hidden(const RedisLogin& login) {
  return login.given() ? percent_encoded(login.user) + ":***@" : std::string();
}

std::string options_of(const RedisUrl& url) {
  std::string result;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    result += result.empty() ? '?' : '&';
    result += std::string(name) + "=" + value;
  };
  const RedisUrl defaults;
  const auto changed = [](auto value, auto usual) {
    return value == usual ? std::string() : std::to_string(value);
  };
  const bool sentinel = url.topology == RedisTopology::sentinel;
  if (sentinel) add("db", changed(url.database, 0U));
  add("sentinel_user", percent_encoded(url.sentinel_login.user));
  add("sentinel_password", url.sentinel_login.given() ? "***" : "");
  add("connect_timeout_ms", changed(url.connect_timeout.count(), defaults.connect_timeout.count()));
  add("timeout_ms", changed(url.timeout.count(), defaults.timeout.count()));
  add("tls_ca", percent_encoded(url.tls_files.ca));
  add("tls_cert", percent_encoded(url.tls_files.cert));
  add("tls_key", percent_encoded(url.tls_files.key));
  add("tls_name", percent_encoded(url.tls_files.name));
  return result;
}

}  // namespace

std::string RedisEndpoint::str() const {
  return (host.contains(':') ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string RedisUrl::printable() const {
  const auto scheme = std::ranges::find_if(
      schemes, [&](const Scheme& row) { return row.topology == topology && row.tls == tls; });
  std::string result = std::string(scheme->prefix) + hidden(login);
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    result += (i == 0 ? "" : ",") + endpoints[i].str();
  }
  if (topology == RedisTopology::single) result += "/" + std::to_string(database);
  if (topology == RedisTopology::sentinel) result += "/" + percent_encoded(master_name);
  return result + options_of(*this);
}

bool is_redis_url(std::string_view text) {
  return scheme_of(text) != nullptr;
}

Result<RedisUrl> parse_redis_url(std::string_view text) {
  const Scheme* const scheme = scheme_of(text);
  if (scheme == nullptr) {
    return refused(
        "it begins with none of redis://, redis+sentinel://, redis+cluster:// "
        "(rediss… with TLS)");
  }
  RedisUrl url{.topology = scheme->topology, .tls = scheme->tls};
  const auto [place, query] = cut(text.substr(scheme->prefix.size()), '?');
  if (query && query->contains('@')) {  // said without a quote, which might show a password
    return refused("a '?', '@' or '&' inside a login or an option is written %3F, %40, %26");
  }
  const std::size_t at = place.rfind('@');
  if (at != std::string_view::npos) {
    if (auto read = read_login(url, place.substr(0, at)); !read) {
      return std::unexpected(read.error());
    }
  }
  const auto [hosts, path] = cut(at == std::string_view::npos ? place : place.substr(at + 1), '/');
  if (auto read = read_endpoints(url, hosts); !read) return std::unexpected(read.error());
  if (auto read = read_path(url, path.value_or("")); !read) return std::unexpected(read.error());
  if (query) {
    if (auto read = read_options(url, *query); !read) return std::unexpected(read.error());
  }
  return url;
}

}  // namespace firstcome
