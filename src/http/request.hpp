#pragma once

#include <optional>
#include <string>
#include <string_view>

// One parsed request, as far as the API looks at it. Its texts belong to it.

namespace firstcome::http {

struct Request {
  std::string method{};
  std::string target{};  // path and query as sent
  std::string authorization{};
  std::string content_type{};
  std::optional<std::string> idempotency_key{};
  std::string body{};
  bool keep_alive = true;
  bool has_length = false;  // Content-Length or chunked
  bool is_http_1_0 = false;
  bool is_head = false;  // method is GET then; the reply's body is not sent

  void clear();
};

// What is wrong with a message that cannot be parsed, as the problem to reply with.
struct RequestFault {
  int status = 400;
  const char* code = "bad_request";
  std::string detail{};
};

}  // namespace firstcome::http
