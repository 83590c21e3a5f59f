#include "http/request_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace firstcome::http {
namespace {

using State = RequestParser::State;
using namespace std::string_literals;

// Gives the bytes in two pieces, as a network may: what was not consumed comes again.
State feed_cut(RequestParser& parser, const std::string& bytes, std::size_t cut) {
  std::string unread = bytes.substr(0, cut);
  unread.erase(0, parser.feed(unread));
  if (parser.state() != State::incomplete) return parser.state();
  unread += bytes.substr(cut);
  (void)parser.feed(unread);
  return parser.state();
}

const std::string claim =
    "POST /v1/campaigns/demo/claims HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer k\r\n"
    "Content-Type: application/json\r\nIdempotency-Key: \"k1\"\r\nContent-Length: 13\r\n\r\n"
    "{\"user\":\"u1\"}";
const std::string chunked_claim =
    "POST /v1/campaigns/demo/claims HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\n{\"use\r\n8\r\nr\":\"u1\"}\r\n0\r\n\r\n";

TEST(RequestParser, reads_what_the_api_looks_at) {
  RequestParser parser;
  EXPECT_EQ(parser.feed(claim), claim.size());
  ASSERT_EQ(parser.state(), State::complete);
  const Request& request = parser.request();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v1/campaigns/demo/claims");
  EXPECT_EQ(request.authorization, "Bearer k");
  EXPECT_EQ(request.content_type, "application/json");
  EXPECT_EQ(request.idempotency_key, "\"k1\"");
  EXPECT_EQ(request.body, "{\"user\":\"u1\"}");
  EXPECT_TRUE(request.keep_alive && request.has_length && !request.is_head);
}

TEST(RequestParser, reads_the_same_however_the_bytes_are_cut) {
  for (const std::string& bytes : {claim, chunked_claim}) {
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      RequestParser parser;
      ASSERT_EQ(feed_cut(parser, bytes, cut), State::complete) << cut;
      EXPECT_EQ(parser.request().body, "{\"user\":\"u1\"}") << cut;
    }
  }
}

TEST(RequestParser, leaves_the_next_request_alone) {
  RequestParser parser;
  EXPECT_EQ(parser.feed(claim + "GET / HTTP"), claim.size());
  EXPECT_EQ(parser.state(), State::complete);
  parser.reset();
  const std::string get = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(parser.feed(get), get.size());
  EXPECT_EQ(parser.request().target, "/livez");
  EXPECT_EQ(parser.request().body, "");
  EXPECT_EQ(parser.request().idempotency_key, std::nullopt) << "nothing of the last one is left";
  EXPECT_FALSE(parser.request().has_length);
}

TEST(RequestParser, takes_a_HEAD_for_a_GET_without_a_body) {
  RequestParser parser;
  (void)parser.feed("HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(parser.request().method, "GET");
  EXPECT_TRUE(parser.request().is_head);
}

TEST(RequestParser, knows_when_a_connection_ends) {
  const auto keeps = [](const std::string& version, const std::string& field) {
    RequestParser parser;
    (void)parser.feed("GET / HTTP/" + version + "\r\nHost: a\r\n" + field + "\r\n");
    EXPECT_EQ(parser.state(), State::complete);
    return parser.request().keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST(RequestParser, gives_a_trailer_no_rights) {
  RequestParser parser;
  (void)parser.feed(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
      "Authorization: Bearer k\r\nIdempotency-Key: k\r\n\r\n");
  ASSERT_EQ(parser.state(), State::complete);
  EXPECT_EQ(parser.request().authorization, "");
  EXPECT_FALSE(parser.request().idempotency_key);
}

struct Malformed {
  const char* why;
  std::string bytes;
};

TEST(RequestParser, refuses_what_is_malformed_with_400) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const Malformed all[] = {
      {"no request line", "\r\n\r\n\r\n\r\nx\r\n\r\n"},
      {"no version", "GET /\r\nHost: a\r\n\r\n"},
      {"another protocol", "GET / SMTP/1.1\r\nHost: a\r\n\r\n"},
      {"HTTP/2 in HTTP/1's clothes", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
      {"no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {"two keys", "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"},
      {"two names", post + "Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 0\r\n\r\n"},
      {"two types", post + "Content-Type: a\r\nContent-Type: b\r\nContent-Length: 0\r\n\r\n"},
      {"a field without a colon", "GET / HTTP/1.1\r\nHost: a\r\nNonsense\r\n\r\n"},
      {"a blank before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n"},
      {"a NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"s},
      {"a length that is none", post + "Content-Length: x\r\n\r\n"},
      {"a negative length", post + "Content-Length: -1\r\n\r\n"},
      {"a signed length", post + "Content-Length: +1\r\n\r\n"},
      {"a length beyond 64 bits", post + "Content-Length: 99999999999999999999\r\n\r\n"},
      {"two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
      {"the same length twice", post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"},
      {"length and chunks", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"chunks and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"},
      {"another coding", post + "Transfer-Encoding: gzip\r\n\r\n"},
      {"a coding before chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
      {"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"a coding in disguise", post + "Transfer-Encoding: xchunked\r\n\r\n"},
      {"a chunk size that is none", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"},
      {"a chunk longer than it says",
       post + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"},
  };
  for (const Malformed& one : all) {
    RequestParser parser;
    std::string unread = one.bytes;
    unread.erase(0, parser.feed(unread));
    ASSERT_EQ(parser.state(), State::faulty) << one.why;
    EXPECT_EQ(parser.fault().status, 400) << one.why;
    EXPECT_STREQ(parser.fault().code, "bad_request") << one.why;
  }
}

TEST(RequestParser, refuses_header_fields_beyond_16_KiB) {
  RequestParser parser;
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17 * 1024, 'x');
  (void)parser.feed(head);
  ASSERT_EQ(parser.state(), State::faulty) << "before they have ended";
  EXPECT_EQ(parser.fault().status, 400);
  EXPECT_STREQ(parser.fault().code, "headers_too_large");
}

std::string with_length(std::size_t size) {
  return "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

// The limit holds for every request on a parser, the second like the first.
TEST(RequestParser, refuses_a_body_beyond_64_KiB_by_its_length_alone) {
  RequestParser parser;
  for (int round = 0; round < 2; ++round) {
    (void)parser.feed(with_length(RequestParser::body_bytes_max));
    EXPECT_EQ(parser.state(), State::incomplete);
    (void)parser.feed(std::string(RequestParser::body_bytes_max, ' '));
    EXPECT_EQ(parser.state(), State::complete);
    parser.reset();
    (void)parser.feed(with_length(RequestParser::body_bytes_max + 1));
    ASSERT_EQ(parser.state(), State::faulty);
    EXPECT_EQ(parser.fault().status, 413);
    EXPECT_STREQ(parser.fault().code, "body_too_large");
    parser.reset();
  }
}

TEST(RequestParser, refuses_chunks_that_add_up_to_more_than_64_KiB) {
  for (int round = 0; round < 2; ++round) {
    RequestParser parser;
    std::string unread = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int chunk = 0; chunk < 65 && parser.state() == State::incomplete; ++chunk) {
      unread += "400\r\n" + std::string(1024, 'x') + "\r\n";
      unread.erase(0, parser.feed(unread));
    }
    ASSERT_EQ(parser.state(), State::faulty);
    EXPECT_EQ(parser.fault().status, 413);
    EXPECT_LE(parser.request().body.size(), RequestParser::body_bytes_max);
  }
}

TEST(RequestParser, asks_once_for_a_body_that_waits_to_be_asked_for) {
  RequestParser parser;
  const std::string head =
      "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
  const std::size_t consumed = parser.feed(head.substr(0, 20));
  EXPECT_FALSE(parser.take_wants_continue()) << "the header is not in yet";
  (void)parser.feed(head.substr(consumed));
  EXPECT_TRUE(parser.take_wants_continue());
  EXPECT_FALSE(parser.take_wants_continue());
  (void)parser.feed("{}");
  EXPECT_EQ(parser.state(), State::complete);
  EXPECT_FALSE(parser.take_wants_continue());
  parser.reset();
  (void)parser.feed(head + "{}");
  EXPECT_FALSE(parser.take_wants_continue()) << "the body came without being asked for";
}

}  // namespace
}  // namespace firstcome::http
