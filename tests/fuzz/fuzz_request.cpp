#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/check.hpp"
#include "http/request_parser.hpp"
#include "input.hpp"

// What anybody may send to the server: requests one after the other, in good form or not. The first
// byte of an input says how large the pieces are in which the rest arrives. However it is cut, the
// same requests come out, and none is larger than the limits. (A fault may show earlier in small
// pieces; what is faulty for one must not be a request for the other.)

namespace firstcome::http {
namespace {

using State = RequestParser::State;

std::string shown(const Request& request) {
  return request.method + '|' + request.target + '|' + request.authorization + '|' +
         request.content_type + '|' + request.idempotency_key.value_or("none") + '|' +
         request.body + '|' + (request.keep_alive ? "keep" : "close") +
         (request.has_length ? "|length" : "") + (request.is_head ? "|head" : "");
}

// What the parser makes of the bytes it has; those it has not consumed stay.
void take_messages(RequestParser& parser, std::string& bytes, std::vector<std::string>& messages) {
  while (!bytes.empty() && parser.state() != State::faulty) {
    const auto consumed = parser.feed(bytes);
    CHECK(consumed <= bytes.size(), "no more is consumed than was given");
    bytes.erase(0, consumed);
    if (parser.state() != State::complete) return;
    CHECK(parser.request().body.size() <= RequestParser::body_bytes_max, "bodies are limited");
    messages.push_back(shown(parser.request()));
    parser.reset();
  }
}

std::vector<std::string> messages_of(std::string_view bytes, std::size_t piece_size) {
  RequestParser parser;
  std::vector<std::string> messages;
  std::string unread;
  while (!bytes.empty() && parser.state() != State::faulty) {
    const auto size = std::min(piece_size, bytes.size());
    unread += bytes.substr(0, size);
    bytes.remove_prefix(size);
    take_messages(parser, unread, messages);
  }
  return messages;
}

}  // namespace
}  // namespace firstcome::http

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto bytes = firstcome::text_of(data + 1, size - 1);
  const std::size_t piece_size = data[0] % 32 + 1U;
  CHECK(firstcome::http::messages_of(bytes, bytes.size()) ==
            firstcome::http::messages_of(bytes, piece_size),
        "a cut changes nothing");
  return 0;
}
