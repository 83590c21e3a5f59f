#include <boost/json.hpp>

#include "verify/history_line.hpp"

// The patient reader, for histories that another tool wrote or a person edited.

namespace firstcome {
namespace {

namespace json = boost::json;

enum class Need : bool { optional, required };

// Reads fields one after the other and remembers the first that is wrong.
class Fields {
 public:
  explicit Fields(const json::object& object) : object_(object) {}

  void text(std::string_view name, Need need, std::string& into) {
    into.clear();
    const json::value* value = find(name, need, "a string");
    if (value == nullptr) return;
    if (!value->is_string()) return wrong(name, "a string");
    into.assign(value->get_string());
  }

  template <class Int>
  void number(std::string_view name, Need need, Int& into) {
    into = 0;
    const json::value* value = find(name, need, "a whole number");
    if (value == nullptr) return;
    boost::system::error_code error;
    if (value->is_number()) into = value->to_number<Int>(error);
    if (!value->is_number() || error) wrong(name, "a whole number");
  }

  // The one field where null says something, so it has to be there.
  void time_or_null(std::string_view name, std::optional<std::int64_t>& into) {
    into.reset();
    if (!object_.contains(name)) return wrong(name, "a whole number or null");
    if (!object_.at(name).is_null()) number(name, Need::required, into.emplace());
  }

  [[nodiscard]] Result<void> result() && {
    if (error_) return std::unexpected(std::move(*error_));
    return {};
  }

 private:
  // The field's value; nullptr when it is absent or null, which is wrong only if it is needed.
  const json::value* find(std::string_view name, Need need, std::string_view expected) {
    const json::value* value = object_.if_contains(name);
    if (value != nullptr && !value->is_null()) return value;
    if (need == Need::required) wrong(name, expected);
    return nullptr;
  }

  void wrong(std::string_view name, std::string_view expected) {
    if (error_) return;
    std::string message = '"' + std::string(name) + "\" has to be " + std::string(expected);
    error_ = Error{ErrorCode::invalid, std::move(message), std::string(name)};
  }

  const json::object& object_;
  std::optional<Error> error_{};
};

Result<void> read_fields(const json::object& object, Attempt& attempt) {
  Fields fields(object);
  fields.text("campaign", Need::required, attempt.campaign);
  fields.text("user", Need::required, attempt.user);
  fields.text("key", Need::optional, attempt.key);
  fields.number("sent_ns", Need::required, attempt.sent_ns);
  fields.time_or_null("got_ns", attempt.got_ns);
  fields.number("status", attempt.got_ns ? Need::required : Need::optional, attempt.status);
  fields.text("outcome", Need::required, attempt.outcome);
  fields.number("rank", Need::optional, attempt.rank);
  fields.text("code", Need::optional, attempt.code);
  return std::move(fields).result();
}

}  // namespace

Result<void> read_attempt_json(std::string_view line, Attempt& attempt) {
  boost::system::error_code error;
  const json::value value = json::parse(line, error);
  if (error) return invalid("", "not JSON: " + error.message());
  if (!value.is_object()) return invalid("", "not a JSON object");
  return read_fields(value.get_object(), attempt);
}

}  // namespace firstcome
