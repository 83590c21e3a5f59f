#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gate/keys.hpp"
#include "http/response.hpp"

// The table of routes: method and path to what handles it, who may ask, and the name under which it
// is measured. Pure.

namespace firstcome::http {

enum class Route : std::uint8_t {
  put_campaign,
  patch_campaign,
  get_campaign,
  list_campaigns,
  post_claim,
  get_claim,
  list_campaign_coupons,
  list_user_coupons,
  livez,
  readyz,
  version,
  metrics,
  openapi,
};

inline constexpr std::size_t route_count = 13;

struct RouteInfo {
  Route route;
  std::string_view method;
  std::string_view path;  // {x} stands for one segment
  Role needed;
  bool has_body;
};

[[nodiscard]] const RouteInfo& info(Route route);

struct Routed {
  Route route{};
  std::vector<std::string> params{};  // the {x} segments, percent-decoded
  std::string_view query{};           // behind the ?, within the target
};

// A refusal is 404 for a path that is none, 405 with Allow for a wrong method, 400 for a target
// that is not well formed.
[[nodiscard]] std::variant<Routed, Response> route(std::string_view method,
                                                   std::string_view target);

// A query's parameter, percent-decoded; nullopt when it is not there or not well formed.
struct QueryParameter {
  std::string name{};
  std::string value{};
};
[[nodiscard]] Result<std::vector<QueryParameter>> parse_query(std::string_view query);

}  // namespace firstcome::http
