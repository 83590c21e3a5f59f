#include <gtest/gtest.h>

#include "load/response_parser.hpp"

namespace firstcome::load {
namespace {

using State = ResponseParser::State;

const std::string reply =
    "HTTP/1.1 201 Created\r\nServer: firstcome\r\ncontent-LENGTH:  13 \r\n\r\n{\"rank\":1234}";

std::string with_length(std::size_t size) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

std::string error_of(std::string_view bytes) {
  ResponseParser parser;
  EXPECT_EQ(parser.feed(bytes), State::failed) << bytes;
  return std::string(parser.error());
}

TEST(ResponseParser, ReadsAReplyCutAtEveryByte) {
  for (std::size_t cut = 0; cut < reply.size(); ++cut) {
    ResponseParser parser;
    ASSERT_EQ(parser.feed(reply.substr(0, cut)), State::incomplete) << cut;
    ASSERT_EQ(parser.feed(reply.substr(cut)), State::complete) << cut;
    EXPECT_EQ(parser.status(), 201);
    EXPECT_EQ(parser.body(), "{\"rank\":1234}");
    EXPECT_TRUE(parser.keeps_alive());
  }
}

TEST(ResponseParser, ReadsAReplyByteByByteAndThenTheNext) {
  ResponseParser parser;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i + 1 < reply.size(); ++i) {
      ASSERT_EQ(parser.feed(reply.substr(i, 1)), State::incomplete);
    }
    ASSERT_EQ(parser.feed(reply.substr(reply.size() - 1)), State::complete);
    EXPECT_EQ(parser.status(), 201);
    parser.reset();
    EXPECT_TRUE(parser.empty());
  }
}

TEST(ResponseParser, AnEmptyBodyIsComplete) {
  ResponseParser parser;
  EXPECT_EQ(parser.feed(with_length(0)), State::complete);
  EXPECT_EQ(parser.body(), "");
}

TEST(ResponseParser, KnowsWhetherTheConnectionStays) {
  const auto keeps = [](const std::string& version, const std::string& field) {
    ResponseParser parser;
    EXPECT_EQ(parser.feed("HTTP/" + version + " 200 OK\r\n" + field + "Content-Length: 0\r\n\r\n"),
              State::complete);
    return parser.keeps_alive();
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "connection: Close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST(ResponseParser, RefusesBytesAfterTheReply) {
  EXPECT_EQ(error_of(reply + "H"), "bytes after the reply");
  EXPECT_EQ(error_of(reply + reply), "bytes after the reply");
  ResponseParser parser;
  ASSERT_EQ(parser.feed(with_length(2)), State::incomplete);
  EXPECT_EQ(parser.feed("abc"), State::failed);
}

TEST(ResponseParser, RefusesWhatIsNoReply) {
  for (const char* bytes :
       {"garbage\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 999 Odd\r\n\r\n", "\r\n\r\n"}) {
    EXPECT_EQ(error_of(bytes), "not an HTTP/1.x reply");
  }
}

TEST(ResponseParser, RefusesMalformedFields) {
  for (const char* field : {"no colon", ": no name", "Content-Length: 12x", "Content-Length: -1",
                            "Content-Length:", "Content-Length: 99999999999999999999999",
                            "Content-Length: 1\r\nContent-Length: 2"}) {
    EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\n" + std::string(field) + "\r\n\r\n"),
              "malformed header field");
  }
}

TEST(ResponseParser, NeedsAContentLength) {
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "reply without Content-Length");
}

TEST(ResponseParser, BoundsHeadAndBody) {
  const std::string field = "X: " + std::string(1000, 'x') + "\r\n";
  ResponseParser parser;
  State state = parser.feed("HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 100 && state == State::incomplete; ++i) state = parser.feed(field);
  EXPECT_EQ(state, State::failed);
  EXPECT_EQ(parser.error(), "head over 16 KiB");
  EXPECT_EQ(error_of(with_length(ResponseParser::body_size_max + 1)), "body over 1 MiB");
  ResponseParser large;
  ASSERT_EQ(large.feed(with_length(ResponseParser::body_size_max)), State::incomplete);
  EXPECT_EQ(large.feed(std::string(ResponseParser::body_size_max, 'x')), State::complete);
}

}  // namespace
}  // namespace firstcome::load
