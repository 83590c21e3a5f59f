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

// What the connection adds to a reply.
struct Framing {
  std::string_view date{};   // an IMF-fixdate (RFC 9110, section 5.6.7)
  bool keep_alive = true;    // without it, the reply says Connection: close
  bool is_http_1_0 = false;  // then it says Connection: keep-alive, which is not the default there
  bool head_only = false;    // the body stays away but its length is told
};

// Appends the reply's bytes.
void append_response(std::string& out, const Response& response, const Framing& framing);

// "Sun, 22 Nov 2026 12:00:00 GMT"
[[nodiscard]] std::string http_date(long long unix_s);

// Appends a JSON string with its quotes. The text is valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

}  // namespace firstcome::http
