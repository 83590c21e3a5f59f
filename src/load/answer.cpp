#include "load/answer.hpp"

#include <array>
#include <boost/json.hpp>
#include <optional>

#include "core/outcome.hpp"

namespace firstcome::load {
namespace {

namespace json = boost::json;

std::string text_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::uint64_t number_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return 0;
  return static_cast<std::uint64_t>(value->get_int64());
}

bool is_foreseen_no(std::string_view code) {
  const std::optional<Outcome> outcome = parse_outcome(code);
  return outcome && *outcome != Outcome::issued && *outcome != Outcome::queued;
}

Answer failed(int status, std::string_view what) {
  Answer answer{.status = status, .outcome = std::string(what)};
  answer.label = std::to_string(status) + " " + answer.outcome;
  return answer;
}

Answer read_coupon(int status, const json::object& body) {
  Answer answer{.verdict = Verdict::served, .status = status};
  answer.label = status == 201 ? "issued" : "repeated";
  answer.outcome = "issued";
  answer.rank = number_at(body, "rank");
  answer.code = text_at(body, "code");
  return answer;
}

Answer read_problem(int status, const json::object& body) {
  std::string code = text_at(body, "code");
  if (code.empty()) return failed(status, "unknown");
  if (status != 409 || !is_foreseen_no(code)) return failed(status, code);
  return {.verdict = Verdict::refused, .status = status, .label = code, .outcome = code};
}

Answer read_object(int status, const json::object& body) {
  const std::string outcome = text_at(body, "outcome");
  if ((status == 200 || status == 201) && outcome == "issued") return read_coupon(status, body);
  if (status == 202 && outcome == "queued") {
    return {.verdict = Verdict::served, .status = status, .label = outcome, .outcome = outcome};
  }
  return read_problem(status, body);
}

}  // namespace

Answer read_answer(int status, std::string_view body) {
  std::array<unsigned char, 4096> memory;  // a reply fits, so reading it allocates nothing
  json::monotonic_resource resource(memory.data(), memory.size());
  boost::system::error_code code;
  const json::value value = json::parse({body.data(), body.size()}, code, &resource);
  if (code || !value.is_object()) return failed(status, "unknown");
  return read_object(status, value.get_object());
}

Answer no_answer(std::string_view reason) {
  return {.label = std::string(reason), .outcome = "unknown"};
}

}  // namespace firstcome::load
