#include "http/router.hpp"

#include <algorithm>
#include <optional>

#include "http/problem.hpp"

namespace firstcome::http {
namespace {

constexpr std::array<RouteInfo, route_count> routes{{
    {Route::put_campaign, "PUT", "/v1/campaigns/{id}", Role::admin, true},
    {Route::patch_campaign, "PATCH", "/v1/campaigns/{id}", Role::admin, true},
    {Route::get_campaign, "GET", "/v1/campaigns/{id}", Role::anyone, false},
    {Route::list_campaigns, "GET", "/v1/campaigns", Role::admin, false},
    {Route::post_claim, "POST", "/v1/campaigns/{id}/claims", Role::issue, true},
    {Route::get_claim, "GET", "/v1/campaigns/{id}/claims/{user}", Role::issue, false},
    {Route::list_campaign_coupons, "GET", "/v1/campaigns/{id}/coupons", Role::admin, false},
    {Route::list_user_coupons, "GET", "/v1/users/{user}/coupons", Role::issue, false},
    {Route::livez, "GET", "/livez", Role::anyone, false},
    {Route::readyz, "GET", "/readyz", Role::anyone, false},
    {Route::version, "GET", "/version", Role::anyone, false},
    {Route::metrics, "GET", "/metrics", Role::anyone, false},
    {Route::openapi, "GET", "/openapi.json", Role::anyone, false},
}};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    result.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return result;
}

// A path cut at its slashes; one with more segments than any route has is nothing.
struct Segments {
  static constexpr std::size_t count_max = 5;

  std::array<std::string_view, count_max> parts{};
  std::size_t count = 0;
  bool too_many = false;
};

constexpr Segments split(std::string_view path) {
  Segments segments;
  while (!path.empty()) {
    if (segments.count == Segments::count_max) {
      segments.too_many = true;
      break;
    }
    path.remove_prefix(1);  // the slash
    const std::string_view part = path.substr(0, path.find('/'));
    segments.parts[segments.count++] = part;
    path.remove_prefix(part.size());
  }
  return segments;
}

constexpr std::array<Segments, route_count> patterns = [] {
  std::array<Segments, route_count> result;
  for (std::size_t i = 0; i < route_count; ++i) result[i] = split(routes[i].path);
  return result;
}();

constexpr bool is_param(std::string_view pattern_part) {
  return pattern_part.starts_with('{');
}

bool matches(const Segments& pattern, const Segments& path) {
  if (path.too_many || pattern.count != path.count) return false;
  for (std::size_t i = 0; i < pattern.count; ++i) {
    if (!is_param(pattern.parts[i]) && pattern.parts[i] != path.parts[i]) return false;
  }
  return true;
}

// A proxy's form of a target names the server too (RFC 9112, section 3.2.2).
std::string_view without_authority(std::string_view target) {
  constexpr std::string_view scheme = "http://";
  if (!target.starts_with(scheme)) return target;
  target.remove_prefix(scheme.size());
  const std::size_t slash = target.find('/');
  return slash == std::string_view::npos ? "/" : target.substr(slash);
}

Response bad_target() {
  return problem(400, "bad_request", "the request target is malformed");
}

Response wrong_method(const std::string& allowed) {
  Response response = problem(405, "method_not_allowed", "this path takes " + allowed, {});
  response.fields = "Allow: " + allowed + "\r\n";
  return response;
}

std::variant<Routed, Response> decode(std::size_t at, const Segments& path,
                                      std::string_view query) {
  Routed routed{.route = routes[at].route, .query = query};
  for (std::size_t i = 0; i < path.count; ++i) {
    if (!is_param(patterns[at].parts[i])) continue;
    auto decoded = percent_decode(path.parts[i]);
    if (!decoded) return bad_target();
    routed.params.push_back(std::move(*decoded));
  }
  return routed;
}

}  // namespace

const RouteInfo& info(Route route) {
  return routes[static_cast<std::size_t>(route)];
}

std::variant<Routed, Response> route(std::string_view method, std::string_view target) {
  target = without_authority(target);
  if (!target.starts_with('/')) return bad_target();
  const std::size_t question = target.find('?');
  const Segments path = split(target.substr(0, question));
  const std::string_view query =
      question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  std::string allowed;
  for (std::size_t i = 0; i < route_count; ++i) {
    if (!matches(patterns[i], path)) continue;
    if (routes[i].method == method) return decode(i, path, query);
    if (!allowed.empty()) allowed.append(", ");
    allowed.append(routes[i].method);
    if (routes[i].method == "GET") allowed.append(", HEAD");
  }
  if (!allowed.empty()) return wrong_method(allowed);
  return no_such_path();
}

Result<std::vector<QueryParameter>> parse_query(std::string_view query) {
  std::vector<QueryParameter> result;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals));
    auto value = percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!name || !value || !is_clean_utf8(*name)) {
      return invalid("query", "the query is malformed");
    }
    result.push_back({std::move(*name), std::move(*value)});
  }
  return result;
}

}  // namespace firstcome::http
