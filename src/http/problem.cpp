#include "http/problem.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/timestamp.hpp"

namespace firstcome::http {
namespace {

constexpr int retry_after_s = 1;
constexpr long long opens_retry_after_s_max = 86'400;

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "The request is wrong";
    case 401:
      return "A key is needed";
    case 403:
      return "This key does not reach that far";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 408:
      return "The request took too long";
    case 409:
      return "Not now, or not any more";
    case 411:
      return "A Content-Length is needed";
    case 413:
      return "The body is too large";
    case 415:
      return "The body must be JSON";
    default:
      return "Not available";
  }
}

std::string retry_after(long long seconds) {
  return "Retry-After: " + std::to_string(seconds) + "\r\n";
}

// Appends a member to a finished object.
void add_member(Response& response, std::string_view name, std::string_view text) {
  response.body.pop_back();
  response.body.append(",\"").append(name).append("\":");
  append_json_string(response.body, text);
  response.body.push_back('}');
}

Response not_open(const CampaignSettings& settings, Time now) {
  Response response = problem(409, "not_open", "the campaign has not opened yet");
  if (!settings.opens_at) return response;  // changed since the claim was decided
  add_member(response, "opens_at", format_time(*settings.opens_at));
  const auto left = std::chrono::ceil<std::chrono::seconds>(*settings.opens_at - now).count();
  response.fields = retry_after(std::clamp<long long>(left, 1, opens_retry_after_s_max));
  return response;
}

Response unavailable(std::string_view code, std::string_view detail) {
  Response response = problem(503, code, detail);
  response.fields = retry_after(retry_after_s);
  return response;
}

}  // namespace

Response problem(int status, std::string_view code, std::string_view detail,
                 std::string_view field) {
  Response response{.status = status, .content_type = problem_type};
  std::string& body = response.body;
  body.append("{\"type\":\"about:blank\",\"title\":");
  append_json_string(body, title_of(status));
  body.append(",\"status\":").append(std::to_string(status)).append(",\"code\":");
  append_json_string(body, code);
  body.append(",\"detail\":");
  append_json_string(body, detail);
  body.push_back('}');
  if (!field.empty()) add_member(response, "field", field);
  return response;
}

Response problem_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid:
      return problem(400, "invalid", error.message, error.field);
    case ErrorCode::not_found:
      return unknown_campaign();
    case ErrorCode::conflict:
      return problem(409, "stock_below_issued", error.message, error.field);
    case ErrorCode::unavailable:
    case ErrorCode::timeout:
    case ErrorCode::corrupt:
    case ErrorCode::unknown:
      return unavailable("unavailable", error.message);
  }
  CHECK(false, "an error code outside the enumeration");
}

Response problem_of(const RequestFault& fault) {
  return problem(fault.status, fault.code, fault.detail);
}

Response problem_of(Desk::Refusal refusal) {
  switch (refusal) {
    case Desk::Refusal::unknown_campaign:
      return unknown_campaign();
    case Desk::Refusal::overloaded:
      return unavailable("overloaded", "too many claims wait already; nothing was taken");
    case Desk::Refusal::draining:
      return unavailable("draining", "this server is about to stop; nothing was taken");
    case Desk::Refusal::unavailable:
      return unavailable("unavailable", "the ledger cannot be written; nothing was taken");
  }
  CHECK(false, "a refusal outside the enumeration");
}

Response problem_of(Denial denial) {
  switch (denial) {
    case Denial::unauthorized: {
      Response response = problem(401, "unauthorized", "send a valid key: Authorization: Bearer …");
      response.fields = "WWW-Authenticate: Bearer\r\n";
      return response;
    }
    case Denial::forbidden:
      return problem(403, "forbidden", "this request needs the admin key");
  }
  CHECK(false, "a denial outside the enumeration");
}

Response problem_of(Outcome outcome, const CampaignSettings& settings, Time now) {
  switch (outcome) {
    case Outcome::sold_out:
      return problem(409, "sold_out", "every coupon of this campaign has been issued");
    case Outcome::limit_reached:
      return problem(409, "limit_reached", "this user has as many coupons as a user may have");
    case Outcome::not_open:
      return not_open(settings, now);
    case Outcome::closed:
      return problem(409, "closed", "the campaign is over");
    case Outcome::paused:
      return problem(409, "paused", "the campaign is paused");
    case Outcome::issued:
    case Outcome::queued:
      break;
  }
  CHECK(false, "a success is no problem");
}

Response unknown_campaign() {
  return problem(404, "campaign_not_found", "there is no such campaign");
}

Response no_such_path() {
  return problem(404, "not_found", "there is nothing at this path");
}

}  // namespace firstcome::http
