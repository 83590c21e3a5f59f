#include <gtest/gtest.h>

#include <string>

#include "http/request_parser.hpp"

// Chunked bodies arrive in pieces that the client's network chose, not we.

namespace firstcome::http {
namespace {

using State = RequestParser::State;

constexpr std::string_view head =
    "POST /v1/campaigns/demo/claims HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

// Gives the bytes one more at a time, as a connection does: what was not consumed comes again.
void feed_bytewise(RequestParser& parser, std::string_view bytes) {
  std::string unread;
  for (const char byte : bytes) {
    unread += byte;
    unread.erase(0, parser.feed(unread));
  }
}

std::string body_of(std::string_view chunks) {
  RequestParser parser;
  feed_bytewise(parser, std::string(head).append(chunks));
  return parser.state() == State::complete ? parser.request().body : "not complete";
}

TEST(ChunkedBody, is_read_byte_by_byte) {
  EXPECT_EQ(body_of("5\r\n{\"use\r\n8\r\nr\":\"u1\"}\r\n0\r\n\r\n"), "{\"user\":\"u1\"}");
}

// Boost.Beast aborts here when it is fed as it asks to be: anybody could have stopped the server.
TEST(ChunkedBody, that_is_empty_is_read_byte_by_byte) {
  EXPECT_EQ(body_of("0\r\n\r\n"), "");
  EXPECT_EQ(body_of("000;name=value\r\nTrailer: x\r\n\r\n"), "");
}

TEST(ChunkedBody, may_be_empty_and_cut_anywhere) {
  const std::string bytes = std::string(head) + "0\r\n\r\n";
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    RequestParser parser;
    std::string unread = bytes.substr(0, cut);
    unread.erase(0, parser.feed(unread));
    ASSERT_EQ(parser.state(), State::incomplete) << cut;
    unread += bytes.substr(cut);
    EXPECT_EQ(parser.feed(unread), unread.size()) << cut;
    EXPECT_EQ(parser.state(), State::complete) << cut;
  }
}

}  // namespace
}  // namespace firstcome::http
