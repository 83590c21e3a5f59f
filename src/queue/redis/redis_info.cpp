#include "queue/redis/redis_info.hpp"

#include <charconv>

namespace firstcome {
namespace {

std::optional<RedisVersion> parse_version(std::string product, std::string_view text) {
  RedisVersion version{.product = std::move(product), .text = std::string(text)};
  const char* const end = text.data() + text.size();
  const auto [dot, code] = std::from_chars(text.data(), end, version.major);
  if (code != std::errc{} || dot == end || *dot != '.') return std::nullopt;
  if (std::from_chars(dot + 1, end, version.minor).ec != std::errc{}) return std::nullopt;
  return version;
}

}  // namespace

std::string_view redis_info_field(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const std::size_t end = info.find('\n');
    std::string_view line = info.substr(0, end);
    info.remove_prefix(end == std::string_view::npos ? info.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return line.substr(name.size() + 1);
    }
  }
  return {};
}

std::optional<RedisVersion> redis_version(std::string_view info) {
  const std::string_view valkey = redis_info_field(info, "valkey_version");
  if (!valkey.empty()) return parse_version("Valkey", valkey);
  return parse_version("Redis", redis_info_field(info, "redis_version"));
}

std::string_view redis_mode(std::string_view info) {
  const std::string_view mode = redis_info_field(info, "redis_mode");
  return mode.empty() ? redis_info_field(info, "server_mode") : mode;
}

}  // namespace firstcome
