#include "queue/redis/redis_error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace firstcome {
namespace {

using enum RedisErrorKind;

struct Word {
  std::string_view start;
  RedisErrorKind kind;
};

// The first row that the text begins with decides.
constexpr std::array<Word, 23> words{{
    {"MOVED ", moved},
    {"ASK ", ask},
    {"TRYAGAIN", try_again},
    {"CLUSTERDOWN", cluster_down},
    {"LOADING", loading},
    {"MASTERDOWN", loading},
    {"READONLY", readonly},
    {"NOSCRIPT", no_script},
    {"BUSY ", busy},
    {"OOM ", oom},
    {"NOREPLICAS", writes_stopped},
    {"MISCONF", writes_stopped},
    {"NOAUTH", denied},
    {"WRONGPASS", denied},
    {"NOPERM", denied},
    {"DENIED", denied},
    {"ERR ACL failure in script", denied},  // Valkey's NOPERM there
    {"ERR invalid password", denied},
    {"ERR operation not permitted", denied},
    {"ERR Client sent AUTH", denied},
    {"ERR AUTH <password> called without", denied},
    {"ERR max number of clients", busy},
    {"UNBLOCKED", readonly},
}};

constexpr std::string_view wrapped = "ERR Error running script";

// "ERR Error running script (call to f_…): @user_script:1: -READONLY You can't…" → "READONLY …"
std::string_view unwrapped(std::string_view text) {
  if (!text.starts_with(wrapped)) return text;
  const std::size_t at = text.rfind(": -");
  return at == std::string_view::npos ? text : text.substr(at + 3);
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || rest != end) return std::nullopt;
  return value;
}

// "MOVED 3999 127.0.0.1:6381"; an IPv6 host stands without brackets.
std::optional<RedisRedirect> redirect_of(std::string_view text) {
  const std::size_t first = text.find(' ');
  const std::size_t second = text.find(' ', first + 1);
  const std::size_t colon = text.rfind(':');
  if (second == std::string_view::npos || colon == std::string_view::npos || colon < second) {
    return std::nullopt;
  }
  const auto slot = number<std::uint16_t>(text.substr(first + 1, second - first - 1));
  const auto port = number<std::uint16_t>(text.substr(colon + 1));
  if (!slot || *slot > 16383 || !port || *port == 0) return std::nullopt;
  std::string_view host = text.substr(second + 1, colon - second - 1);
  if (host == "?") host = {};
  return RedisRedirect{*slot, {std::string(host), *port}};
}

RedisErrorKind kind_of(std::string_view text) {
  const auto* const row =
      std::ranges::find_if(words, [&](const Word& word) { return text.starts_with(word.start); });
  return row == words.end() ? other : row->kind;
}

ErrorCode code_of(RedisErrorKind kind) {
  switch (kind) {
    case denied:
      return ErrorCode::invalid;
    case timeout_or_reset:
      return ErrorCode::unknown;
    case moved:
    case ask:
    case try_again:
    case cluster_down:
    case loading:
    case readonly:
    case no_script:
    case busy:
    case oom:
    case writes_stopped:
    case other_server:
    case unreachable:
    case other:
      return ErrorCode::unavailable;
  }
  std::unreachable();
}

}  // namespace

const char* to_string(RedisErrorKind kind) noexcept {
  switch (kind) {
    case moved:
      return "moved";
    case ask:
      return "ask";
    case try_again:
      return "try_again";
    case cluster_down:
      return "cluster_down";
    case loading:
      return "loading";
    case readonly:
      return "readonly";
    case no_script:
      return "no_script";
    case busy:
      return "busy";
    case oom:
      return "oom";
    case writes_stopped:
      return "writes_stopped";
    case denied:
      return "denied";
    case other_server:
      return "other_server";
    case unreachable:
      return "unreachable";
    case timeout_or_reset:
      return "timeout_or_reset";
    case other:
      return "other";
  }
  std::unreachable();
}

std::unexpected<RedisError> redis_fail(RedisErrorKind kind, std::string message) {
  return std::unexpected(RedisError{kind, std::move(message)});
}

RedisError classify_redis_error(std::string_view text) {
  const std::string_view inner = unwrapped(text);
  RedisError error{kind_of(inner), std::string(inner)};
  if (error.kind == other) error.message = text;
  if (error.kind == moved || error.kind == ask) {
    error.redirect = redirect_of(inner);
    if (!error.redirect) error.kind = other;  // nowhere to go
  }
  return error;
}

Error to_error(const RedisError& error) {
  return {code_of(error.kind), error.message};
}

}  // namespace firstcome
