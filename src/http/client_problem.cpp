#include "http/client_problem.hpp"

#include <boost/json.hpp>

namespace firstcome::http {
namespace {

namespace json = boost::json;

constexpr std::size_t excerpt_size = 200;

std::string text_at(const json::object& problem, std::string_view name) {
  const json::value* value = problem.if_contains(name);
  return value != nullptr && value->is_string() ? json::value_to<std::string>(*value) : "";
}

std::string describe_object(const std::string& status, const json::object& problem) {
  const std::string title = text_at(problem, "title");
  const std::string detail = text_at(problem, "detail");
  const std::string field = text_at(problem, "field");
  std::string text = status;
  if (!title.empty()) text += " " + title;
  if (!detail.empty()) text += ": " + detail;
  if (!field.empty()) text += " (field " + field + ")";
  return text;
}

// What a terminal must not be sent.
std::string without_controls(std::string_view body) {
  std::string text;
  for (const char c : body) text += static_cast<unsigned char>(c) < ' ' || c == 0x7F ? ' ' : c;
  return text;
}

}  // namespace

std::string describe_problem(const ClientReply& reply) {
  const std::string status = std::to_string(reply.status);
  boost::system::error_code code;
  const json::value body = json::parse(reply.body, code);
  if (!code && body.is_object()) {
    return without_controls(describe_object(status, body.get_object()));
  }
  if (reply.body.empty()) return status + " without a body";
  return status + ": " + without_controls(std::string_view(reply.body).substr(0, excerpt_size));
}

}  // namespace firstcome::http
