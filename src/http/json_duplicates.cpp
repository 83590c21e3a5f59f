#include "http/json_duplicates.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <set>
#include <vector>

namespace firstcome::http {
namespace {

namespace json = boost::json;
using boost::system::error_code;

// Keeps the names of every object that is open.
struct Names {
  struct Object {
    std::set<std::string> names{};
    std::string newest{};
  };

  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  std::vector<Object> open{};
  std::string name{};  // the parts so far of the one being read
  std::optional<std::string> duplicate{};

  bool on_object_begin(error_code&) {
    open.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    open.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    name.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code&) {
    name.append(part.data(), part.size());
    open.back().newest = std::move(name);
    name.clear();
    if (!open.back().names.insert(open.back().newest).second && !duplicate) duplicate = path();
    return true;
  }
  [[nodiscard]] std::string path() const {
    std::string result;
    for (const Object& object : open) {
      if (!result.empty()) result.push_back('.');
      result.append(object.newest);
    }
    return result;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

}  // namespace

std::optional<std::string> duplicate_member(std::string_view text) {
  // A claim's body has one colon, so one member: no need to read it again.
  if (std::ranges::count(text, ':') < 2) return std::nullopt;
  json::basic_parser<Names> parser{json::parse_options()};
  error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  return parser.handler().duplicate;
}

}  // namespace firstcome::http
