#include "http/router.hpp"

#include <gtest/gtest.h>

#include "unit/support/text_table.hpp"

namespace firstcome::http {
namespace {

std::string routed(const std::string& method, const std::string& target) {
  auto found = route(method, target);
  if (const auto* refusal = std::get_if<Response>(&found)) {
    std::string text = std::to_string(refusal->status);
    if (!refusal->fields.empty()) {
      text += " " + refusal->fields.substr(0, refusal->fields.size() - 2);
    }
    return text;
  }
  const Routed& match = std::get<Routed>(found);
  std::string text(info(match.route).path);
  for (const std::string& param : match.params) text += " [" + param + "]";
  if (!match.query.empty()) text += " ?" + std::string(match.query);
  return text;
}

constexpr std::string_view table = R"(
GET    | /livez                         → /livez
GET    | /readyz?verbose                → /readyz ?verbose
GET    | /v1/campaigns                  → /v1/campaigns
GET    | /v1/campaigns?limit=1&cursor=x → /v1/campaigns ?limit=1&cursor=x
PUT    | /v1/campaigns/demo             → /v1/campaigns/{id} [demo]
GET    | /v1/campaigns/demo             → /v1/campaigns/{id} [demo]
POST   | /v1/campaigns/demo/claims      → /v1/campaigns/{id}/claims [demo]
GET    | /v1/campaigns/demo/claims/u1   → /v1/campaigns/{id}/claims/{user} [demo] [u1]
GET    | /v1/users/u1/coupons           → /v1/users/{user}/coupons [u1]
# percent encoding, once, in the segments that vary
GET    | /v1/users/a%2Fb/coupons        → /v1/users/{user}/coupons [a/b]
GET    | /v1/users/%e2%82%ac/coupons    → /v1/users/{user}/coupons [€]
GET    | /v1/users/%252F/coupons        → /v1/users/{user}/coupons [%2F]
GET    | /v1/users/a+b/coupons          → /v1/users/{user}/coupons [a+b]
GET    | /v1/users/a%/coupons           → 400
GET    | /v1/users/a%2/coupons          → 400
GET    | /v1/users/a%zz/coupons         → 400
GET    | /v1/users//coupons             → /v1/users/{user}/coupons []
GET    | /v1%2Fcampaigns                → 404
# what is not there
GET    | /                              → 404
GET    | /v1                            → 404
GET    | /livez/                        → 404
GET    | //livez                        → 404
GET    | /LIVEZ                         → 404
GET    | /v1/campaigns/demo/claims/u/x  → 404
GET    | livez                          → 400
OPTIONS| *                              → 400
# the wrong method: what the path takes
POST   | /livez                         → 405 Allow: GET, HEAD
DELETE | /v1/campaigns/demo             → 405 Allow: PUT, PATCH, GET, HEAD
GET    | /v1/campaigns/demo/claims      → 405 Allow: POST
POST   | /v1/campaigns                  → 405 Allow: GET, HEAD
get    | /livez                         → 405 Allow: GET, HEAD
)";

TEST(Router, finds_the_route_or_says_why_not) {
  for (const testing::Row& row : testing::rows(table)) {
    EXPECT_EQ(routed(row[0], row[1]), row[2]) << row[0] << " " << row[1];
  }
}

TEST(Router, lists_every_route_under_its_own_number) {
  for (std::size_t i = 0; i < route_count; ++i) {
    EXPECT_EQ(static_cast<std::size_t>(info(static_cast<Route>(i)).route), i);
  }
}

TEST(Query, is_cut_into_names_and_values) {
  const auto query = *parse_query("limit=10&cursor=a%3Db&flag&=x&&a=b=c");
  std::string text;
  for (const QueryParameter& one : query) text += "(" + one.name + "|" + one.value + ")";
  EXPECT_EQ(text, "(limit|10)(cursor|a=b)(flag|)(|x)(|)(a|b=c)");
  EXPECT_TRUE(parse_query("")->empty());
  EXPECT_EQ(parse_query("a=%2").error().field, "query");
  EXPECT_EQ(parse_query("%zz=1").error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace firstcome::http
