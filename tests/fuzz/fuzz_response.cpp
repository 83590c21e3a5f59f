#include <algorithm>
#include <string>

#include "core/check.hpp"
#include "input.hpp"
#include "load/response_parser.hpp"

// What a server answers the load test, cut anywhere: the first byte of an input says how large the
// pieces are, the rest is the response. However it is cut, it means the same.

namespace firstcome::load {
namespace {

using State = ResponseParser::State;

State feed_in_pieces(ResponseParser& parser, std::string_view bytes, std::size_t piece_size) {
  State state = State::incomplete;
  while (!bytes.empty() && state == State::incomplete) {
    const auto size = std::min(piece_size, bytes.size());
    state = parser.feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return state;
}

// A response that is complete before the last piece is fed is not the same as one with bytes after
// its end, so only those that end with the input are compared.
void means_the_same(std::string_view bytes, std::size_t piece_size) {
  ResponseParser whole;
  if (bytes.empty() || whole.feed(bytes) != State::complete) return;
  ResponseParser pieces;
  CHECK(feed_in_pieces(pieces, bytes, piece_size) == State::complete, "complete when it is cut");
  CHECK(pieces.status() == whole.status(), "one status");
  CHECK(pieces.keeps_alive() == whole.keeps_alive(), "one opinion of the connection");
  CHECK(pieces.body() == whole.body(), "one body");
}

}  // namespace
}  // namespace firstcome::load

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  firstcome::load::means_the_same(firstcome::text_of(data + 1, size - 1), data[0] % 16 + 1U);
  return 0;
}
