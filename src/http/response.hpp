#pragma once

#include <string>
#include <string_view>

// A reply before it is bytes, and the bytes. Pure functions.

namespace firstcome::http {

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view problem_type = "application/problem+json";

struct Response {
  int status = 200;
  std::string_view content_type = json_type;  // a literal
  std::string body{};
  std::string fields{};  // further header fields, each ended by CRLF
};

// Appends the reply's bytes. `date` is an IMF-fixdate (RFC 9110, section 5.6.7). Without keep_alive
// it says Connection: close; with head_only the body stays away but its length is told.
void append_response(std::string& out, const Response& response, std::string_view date,
                     bool keep_alive, bool head_only);

// "Sun, 22 Nov 2026 12:00:00 GMT"
[[nodiscard]] std::string http_date(long long unix_s);

// Appends a JSON string with its quotes. The text is valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

}  // namespace firstcome::http
