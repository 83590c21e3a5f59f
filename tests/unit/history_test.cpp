#include "verify/history.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace firstcome {
namespace {

Attempt issued_attempt() {
  return {.campaign = "demo",
          .user = "u1",
          .key = "k1",
          .sent_ns = 1'000,
          .got_ns = 2'500,
          .status = 201,
          .outcome = "issued",
          .rank = 7,
          .code = "0123456789ABCDEF"};
}

Attempt lost_attempt() {
  return {.campaign = "demo", .user = "u2", .sent_ns = -5, .outcome = "unknown"};
}

void expect_equal(const Attempt& a, const Attempt& b) {
  EXPECT_EQ(a.campaign, b.campaign);
  EXPECT_EQ(a.user, b.user);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.sent_ns, b.sent_ns);
  EXPECT_EQ(a.got_ns, b.got_ns);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.rank, b.rank);
  EXPECT_EQ(a.code, b.code);
}

void expect_survives(const Attempt& attempt) {
  const std::string line = format_attempt(attempt);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto read = parse_attempt(line);
  ASSERT_TRUE(read) << read.error().message << "\n" << line;
  expect_equal(*read, attempt);
}

std::string error_of(std::string_view line) {
  const auto read = parse_attempt(line);
  return read ? "no error" : read.error().message;
}

TEST(History, WritesTheDocumentedLine) {
  EXPECT_EQ(format_attempt(issued_attempt()),
            R"({"campaign":"demo","user":"u1","key":"k1","sent_ns":1000,"got_ns":2500,)"
            R"("status":201,"outcome":"issued","rank":7,"code":"0123456789ABCDEF"})");
  EXPECT_EQ(format_attempt(lost_attempt()),
            R"({"campaign":"demo","user":"u2","key":null,"sent_ns":-5,"got_ns":null,)"
            R"("status":0,"outcome":"unknown","rank":null,"code":null})");
}

TEST(History, ReadsBackWhatItWrote) {
  expect_survives(issued_attempt());
  expect_survives(lost_attempt());
}

TEST(History, KeepsEveryTextThatCanBeAUser) {
  for (const std::string user :
       {R"(a"b\c/d)", "김철수", "\xf0\x9f\x8e\x9f", " ", "{}[],:", "é\""}) {
    Attempt attempt = issued_attempt();
    attempt.user = user;
    expect_survives(attempt);
  }
}

TEST(History, EscapesControlCharacters) {
  Attempt attempt = issued_attempt();
  attempt.user = std::string("a\0b\n\x1f\x7f", 6);
  expect_survives(attempt);
}

TEST(History, WritesJsonEvenForBytesThatAreNoUtf8) {
  Attempt attempt = issued_attempt();
  attempt.user = "a\xff\xc3";
  const auto read = parse_attempt(format_attempt(attempt));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user, "a\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(History, ReadsAnyOrderSpacingAndUnknownFields) {
  const auto read = parse_attempt(
      R"( { "outcome" : "issued", "code":"X", "extra":[1], "got_ns":2, "rank":3, "status":200,
            "user":"\u0075\u0031", "sent_ns":1, "campaign":"demo" } )");
  ASSERT_TRUE(read) << read.error().message;
  expect_equal(*read, {.campaign = "demo",
                       .user = "u1",
                       .sent_ns = 1,
                       .got_ns = 2,
                       .status = 200,
                       .outcome = "issued",
                       .rank = 3,
                       .code = "X"});
}

TEST(History, SaysWhatIsWrongInALine) {
  EXPECT_NE(error_of("").find("not JSON"), std::string::npos);
  EXPECT_NE(error_of("{\"campaign\":").find("not JSON"), std::string::npos);
  EXPECT_EQ(error_of("[]"), "not a JSON object");
  EXPECT_EQ(error_of("{}"), "\"campaign\" has to be a string");
  EXPECT_EQ(error_of(R"({"campaign":"c","user":"u","sent_ns":"1"})"),
            "\"sent_ns\" has to be a whole number");
  EXPECT_EQ(error_of(R"({"campaign":"c","user":"u","sent_ns":1.5,"got_ns":null})"),
            "\"sent_ns\" has to be a whole number");
  EXPECT_EQ(error_of(R"({"campaign":"c","user":"u","sent_ns":1,"outcome":"unknown"})"),
            "\"got_ns\" has to be a whole number or null");
  EXPECT_EQ(error_of(R"({"campaign":"c","user":"u","sent_ns":1,"got_ns":2,"outcome":"x"})"),
            "\"status\" has to be a whole number");
}

TEST(History, StreamsLinesInOrder) {
  std::istringstream in(format_attempt(issued_attempt()) + "\n" + format_attempt(lost_attempt()));
  std::vector<Attempt> seen;
  ASSERT_TRUE(read_history(in, [&](const Attempt& attempt) { seen.push_back(attempt); }));
  ASSERT_EQ(seen.size(), 2U);
  expect_equal(seen[0], issued_attempt());
  expect_equal(seen[1], lost_attempt());
}

TEST(History, NamesTheLineThatIsWrong) {
  std::istringstream in(format_attempt(issued_attempt()) + "\n{\"campaign\":\"cut\n");
  int seen = 0;
  const auto read = read_history(in, [&](const Attempt&) { ++seen; });
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().message.starts_with("line 2: not JSON")) << read.error().message;
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace firstcome
