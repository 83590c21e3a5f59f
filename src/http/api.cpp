#include "http/api.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "http/problem.hpp"

namespace firstcome::embedded {
extern const std::string_view openapi_json;
}

namespace firstcome::http {
namespace {

constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

// application/json, with or without parameters, in any case (RFC 9110, section 8.3.1).
bool is_json(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return std::ranges::equal(type, json_type, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
  });
}

std::optional<Response> check_body(const Request& request) {
  if (!request.has_length) {
    return problem(411, "length_required", "send a Content-Length or a chunked body");
  }
  if (!request.body.empty() && !is_json(request.content_type)) {
    return problem(415, "unsupported_media_type", "send Content-Type: application/json");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Response> Api::handle(const Request& request, Exchange& exchange, ReplyTo reply_to) {
  exchange.head_only = request.is_head;
  exchange.keep_alive = request.keep_alive;
  exchange.is_http_1_0 = request.is_http_1_0;
  exchange.started = parts_.clock.monotonic();
  auto routed = route(request.method, request.target);
  if (auto* refusal = std::get_if<Response>(&routed)) return std::move(*refusal);
  const Routed& found = std::get<Routed>(routed);
  if (!is_served_here(found.route, exchange.on_metrics_port)) return no_such_path();
  exchange.route = found.route;
  exchange.routed = true;
  if (info(found.route).has_body) {
    if (auto refused = check_body(request)) return refused;
  }
  return dispatch(request, found, exchange, reply_to);
}

Api::Reply Api::dispatch(const Request& request, const Routed& routed, Exchange& exchange,
                         ReplyTo reply_to) {
  switch (routed.route) {
    case Route::post_claim:
      return post_claim(request, routed, exchange, reply_to);
    case Route::put_campaign:
    case Route::patch_campaign:
      return change_campaign(request, routed, reply_to);
    case Route::get_claim:
      return get_claim(request, routed, exchange, reply_to);
    case Route::get_campaign:
      return get_campaign(routed);
    case Route::list_campaigns:
      return list_campaigns(request, routed);
    case Route::list_campaign_coupons:
      return list_campaign_coupons(request, routed, reply_to);
    case Route::list_user_coupons:
      return list_user_coupons(request, routed, reply_to);
    case Route::livez:
      return Response{.body = "{\"status\":\"ok\"}"};
    case Route::readyz:
      return readyz(routed);
    case Route::version:
      return Response{.body = "{\"name\":\"firstcome\",\"version\":\"" FIRSTCOME_VERSION "\"}"};
    case Route::metrics:
      return metrics_text(reply_to);
    case Route::openapi:
      return Response{.body = std::string(embedded::openapi_json)};
  }
  CHECK(false, "a route outside the table");
}

Api::Reply Api::denied(const Request& request, Route route) const {
  const auto denial = parts_.gate.deny(request.authorization, info(route).needed);
  if (!denial) return std::nullopt;
  return problem_of(*denial);
}

Api::Reply Api::readyz(const Routed& routed) const {
  const auto state = parts_.service.state();
  const bool verbose = routed.query == "verbose" || routed.query.starts_with("verbose=");
  const std::string_view ledger = state == Service::State::failed ? "failed" : "ok";
  const std::string_view service = state == Service::State::ready      ? "ready"
                                   : state == Service::State::draining ? "draining"
                                   : state == Service::State::failed   ? "failed"
                                                                       : "starting";
  if (state != Service::State::ready) {
    Response refused = problem_of(state == Service::State::draining ? Desk::Refusal::draining
                                                                    : Desk::Refusal::unavailable);
    return refused;
  }
  Response response{.body = "{\"status\":\"ready\"}"};
  if (verbose) {
    response.body = "{\"status\":\"ready\",\"checks\":{\"service\":\"" + std::string(service) +
                    "\",\"ledger\":\"" + std::string(ledger) +
                    "\"},\"waiting\":" + std::to_string(parts_.desk.waiting()) +
                    ",\"campaigns\":" + std::to_string(parts_.board.size()) + "}";
  }
  return response;
}

bool Api::is_served_here(Route route, bool on_metrics_port) const {
  if (on_metrics_port) {
    return route == Route::metrics || route == Route::livez || route == Route::readyz;
  }
  return route != Route::metrics || !parts_.metrics_apart;
}

Api::Reply Api::metrics_text(ReplyTo reply_to) {
  parts_.worker.submit(reply_to, [&metrics = parts_.metrics](LedgerReader&) {
    return Response{.content_type = metrics_type, .body = metrics.text()};
  });
  return std::nullopt;
}

}  // namespace firstcome::http
