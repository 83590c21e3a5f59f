#include <algorithm>
#include <array>
#include <string>
#include <variant>

#include "core/check.hpp"
#include "http/router.hpp"
#include "input.hpp"

// Methods and targets as clients send them: the first byte of an input picks the method, the rest
// is the target. What is routed has the segments that its route names, and they mean the same when
// every byte of theirs is percent-encoded.

namespace firstcome::http {
namespace {

constexpr std::array<std::string_view, 6> methods{"GET", "PUT", "PATCH", "POST", "DELETE", ""};

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789aBcDeF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    result += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

// The route's path with the segments put in.
std::string target_of(const Routed& routed) {
  std::string target(info(routed.route).path);
  for (const auto& param : routed.params) {
    const auto open = target.find('{');
    CHECK(open != std::string::npos, "a route has as many segments as its path names");
    target.replace(open, target.find('}') - open + 1, percent_encoded(param));
  }
  CHECK(target.find('{') == std::string::npos, "a route has all segments that its path names");
  return target;
}

void routes_alike(std::string_view method, std::string_view target) {
  const auto found = route(method, target);
  const auto* routed = std::get_if<Routed>(&found);
  if (routed == nullptr) return;
  CHECK(info(routed->route).method == method, "a route is taken with its own method");
  CHECK(target.ends_with(routed->query), "the query is the target's end");
  const auto again = route(method, target_of(*routed));
  const auto* same = std::get_if<Routed>(&again);
  CHECK(same != nullptr && same->route == routed->route && same->params == routed->params,
        "an encoded target means the same");
}

void query_reads_back(std::string_view query) {
  const auto parameters = parse_query(query);
  if (!parameters) return;
  std::string encoded;
  for (const auto& [name, value] : *parameters) {
    encoded += percent_encoded(name) + '=' + percent_encoded(value) + '&';
  }
  const auto again = parse_query(encoded);
  CHECK(again && again->size() == parameters->size(), "an encoded query means the same");
  const auto alike = [](const QueryParameter& a, const QueryParameter& b) {
    return a.name == b.name && a.value == b.value;
  };
  CHECK(std::ranges::equal(*again, *parameters, alike), "an encoded query means the same");
}

}  // namespace
}  // namespace firstcome::http

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto method = firstcome::http::methods[data[0] % firstcome::http::methods.size()];
  const auto target = firstcome::text_of(data + 1, size - 1);
  firstcome::http::routes_alike(method, target);
  firstcome::http::query_reads_back(target);
  return 0;
}
