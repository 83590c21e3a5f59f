#include <gtest/gtest.h>

#include <algorithm>

#include "http/json_read.hpp"
#include "http/json_write.hpp"
#include "http/problem.hpp"
#include "unit/support/samples.hpp"
#include "unit/support/text_table.hpp"

// Bodies in and out. Every refusal names the field at fault.

namespace firstcome::http {
namespace {

using testing::at_second;
using Kind = CampaignChange::Kind;

// The field at fault, or "good". The bodies in full, over HTTP, are in tests/contract.
constexpr std::string_view campaign_bodies = R"(
{"stock":1}                                       → good
{"stock":0}                                       → good
{"stock":1000000000}                              → good
{"stock":1000000001}                              → stock
{"stock":-1}                                      → stock
{"stock":1.0}                                     → stock
{"stock":1e2}                                     → stock
{"stock":"1"}                                     → stock
{"stock":null}                                    → stock
{"stock":18446744073709551616}                    → stock
{}                                                → stock
{"stock":1,"per_user":0}                          → per_user
{"stock":1,"per_user":1}                          → good
{"stock":1,"stok":1}                              → stok
{"stock":1,"paused":true}                         → paused
{"stock":1,"opens_at":null}                       → good
{"stock":1,"opens_at":"2026-11-22T12:00:00Z"}     → good
{"stock":1,"opens_at":"soon"}                     → opens_at
{"stock":1,"closes_at":5}                         → closes_at
{"stock":1,"coupon_ttl_s":0}                      → coupon_ttl_s
{"stock":1,"coupon_ttl_s":null}                   → good
{"stock":1,"coupon_ttl_s":3153600001}             → coupon_ttl_s
{"stock":1,"name":5}                              → name
{"stock":1,"name":"a\u0001"}                      → name
{"stock":1,"mode":"fast"}                         → mode
{"stock":1,"mode":"paced"}                        → good
{"stock":1,"pace":5}                              → pace
{"stock":1,"pace":{"batch":0}}                    → pace.batch
{"stock":1,"pace":{"batch":1,"tick_ms":0}}        → pace.tick_ms
{"stock":1,"pace":{"tick":1}}                     → pace.tick
{"stock":1,"metadata":[]}                         → metadata
{"stock":1,"stock":2}                             → stock
{"stock":1,"st\u006fck":2}                        → stock
{"stock":1,"pace":{"batch":1,"batch":2}}          → pace.batch
{"stock":1,"metadata":{"a":[{"b":1,"b":2}]}}      → metadata.a.b
{"stock":1,"metadata":{"a":{"b":1},"c":{"b":1}}}  → good
{"stock":1,"metadata":{"a":{"b":[1]}}}            → good
[]                                                → body
{"stock":1                                        → body
{"stock":1} x                                     → body
)";

TEST(CampaignBody, names_the_field_at_fault) {
  for (const testing::Row& row : testing::rows(campaign_bodies)) {
    const auto patch = read_campaign_body(row[0], Kind::put);
    EXPECT_EQ(patch ? "good" : patch.error().field, row[1]) << row[0];
  }
  EXPECT_EQ(read_campaign_body("", Kind::put).error().field, "body");
}

TEST(CampaignBody, of_a_patch_may_name_anything_or_nothing) {
  EXPECT_EQ(read_campaign_body("{}", Kind::patch)->stock, std::nullopt);
  EXPECT_EQ(read_campaign_body(R"({"paused":true})", Kind::patch)->paused, true);
  EXPECT_EQ(read_campaign_body(R"({"paused":1})", Kind::patch).error().field, "paused");
  const auto cleared = read_campaign_body(R"({"opens_at":null})", Kind::patch);
  ASSERT_TRUE(cleared->opens_at) << "it is named,";
  EXPECT_FALSE(*cleared->opens_at) << "as nothing";
}

constexpr std::string_view claim_bodies = R"(
{"user":"u1"}            → u1
{"user":"\u00e9\n"}      → é*
{}                       → nobody
{"user":1}               → !user
{"user":null}            → !user
{"user":"u1","x":1}      → !x
"u1"                     → !body
)";

TEST(ClaimBody, names_the_user_and_nothing_else) {
  for (const testing::Row& row : testing::rows(claim_bodies)) {
    const auto user = read_claim_body(row[0]);
    std::string text = user ? user->value_or("nobody") : "!" + user.error().field;
    std::ranges::replace(text, '\n', '*');
    EXPECT_EQ(text, row[1]) << row[0];
  }
}

Coupon sample_coupon() {
  return {.rank = Rank{7},
          .nth = 2,
          .code = {},
          .issued_at = at_second(0),
          .expires_at = at_second(60)};
}

TEST(Json, of_a_coupon) {
  std::string out;
  append_issued(out, "demo", "u\"1", sample_coupon());
  EXPECT_EQ(out, R"({"outcome":"issued","campaign":"demo","rank":7,"user":"u\"1","nth":2,)"
                 R"("code":"0000000000000000","issued_at":"1970-01-01T00:00:00.000Z",)"
                 R"("expires_at":"1970-01-01T00:01:00.000Z"})");
  Coupon forever = sample_coupon();
  forever.expires_at.reset();
  out.clear();
  append_coupon(out, "demo", "u1", forever);
  EXPECT_TRUE(out.starts_with(R"({"campaign":"demo",)")) << out;
  EXPECT_TRUE(out.ends_with(R"("expires_at":null})")) << out;
}

TEST(Json, of_a_place_in_line) {
  std::string out;
  append_queued(out, {.ticket = Ticket{18'446'744'073'709'551'615U}, .position = 3},
                std::chrono::milliseconds(1500));
  EXPECT_EQ(out,
            R"({"outcome":"queued","ticket":18446744073709551615,"position":3,"eta_ms":1500})");
}

TEST(Json, of_a_campaign) {
  const Campaign campaign =
      testing::campaign_of({.name = "N", .stock = 10, .opens_at = at_second(0)}, 4);
  std::string out;
  append_campaign(out, campaign, at_second(1), false);
  EXPECT_EQ(out, R"({"id":"c1","name":"N","state":"open","stock":10,"issued":4,"remaining":6,)"
                 R"("per_user":1,"opens_at":"1970-01-01T00:00:00.000Z","closes_at":null,)"
                 R"("mode":"instant","server_time":"1970-01-01T00:00:01.000Z"})");
  out.clear();
  append_campaign(out, campaign, at_second(1), true);
  EXPECT_TRUE(out.ends_with(R"("coupon_ttl_s":null,"pace":{"batch":100,"tick_ms":1000},)"
                            R"("metadata":{},"paused":false})"))
      << out;
}

TEST(Json, escapes_what_must_be) {
  std::string out;
  append_json_string(out, "a\"b\\c\n\x01/\xC3\xA9");
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\u000a\\u0001/\xC3\xA9\"");
}

TEST(Response, is_bytes_with_a_length) {
  const Response response{.status = 201, .body = "{}", .fields = "X: y\r\n"};
  std::string out;
  append_response(out, response, {.date = "now"});
  EXPECT_EQ(out,
            "HTTP/1.1 201 Created\r\nDate: now\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\nX: y\r\n\r\n{}");
  out.clear();
  append_response(out, response, {.date = "now", .keep_alive = false, .head_only = true});
  EXPECT_TRUE(out.ends_with("Content-Length: 2\r\nX: y\r\nConnection: close\r\n\r\n")) << out;
}

TEST(Response, dates_are_those_of_RFC_9110) {
  EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Problem, of_a_campaign_that_has_not_opened_says_when_to_come) {
  const CampaignSettings settings{.stock = 1, .opens_at = at_second(100)};
  const auto at = [&](Time now) { return problem_of(Outcome::not_open, settings, now).fields; };
  EXPECT_EQ(at(at_second(98)), "Retry-After: 2\r\n");
  EXPECT_EQ(at(at_second(98) + std::chrono::milliseconds(1)), "Retry-After: 2\r\n");
  EXPECT_EQ(at(at_second(99) + std::chrono::milliseconds(1)), "Retry-After: 1\r\n");
  EXPECT_EQ(at(at_second(100)), "Retry-After: 1\r\n") << "never 0";
  EXPECT_EQ(at(at_second(-1'000'000)), "Retry-After: 86400\r\n");
}

}  // namespace
}  // namespace firstcome::http
