#include "queue/redis/redis_origins.hpp"

#include <gtest/gtest.h>

namespace firstcome {
namespace {

constexpr CampaignNumber campaign{1};
constexpr CampaignNumber another{2};

TEST(RedisOrigins, are_known_by_the_tickets_that_a_server_was_given) {
  RedisOrigins origins;
  origins.note(campaign, 100, 3, 7);
  origins.note(campaign, 110, 1, 8);
  EXPECT_EQ(origins.of(campaign, 99), std::nullopt);
  EXPECT_EQ(origins.of(campaign, 100), 7U);
  EXPECT_EQ(origins.of(campaign, 102), 7U);
  EXPECT_EQ(origins.of(campaign, 103), std::nullopt) << "behind the last";
  EXPECT_EQ(origins.of(campaign, 110), 8U);
  EXPECT_EQ(origins.of(another, 100), std::nullopt);
}

TEST(RedisOrigins, of_no_claims_are_none) {
  RedisOrigins origins;
  origins.note(campaign, 100, 0, 7);
  EXPECT_EQ(origins.of(campaign, 100), std::nullopt);
}

TEST(RedisOrigins, are_forgotten_when_all_claims_of_a_span_are_decided) {
  RedisOrigins origins;
  origins.note(campaign, 100, 3, 7);
  origins.note(campaign, 110, 2, 8);
  origins.forget(campaign, 101);
  EXPECT_EQ(origins.of(campaign, 102), 7U) << "not all of it";
  origins.forget(campaign, 102);
  EXPECT_EQ(origins.of(campaign, 102), std::nullopt);
  EXPECT_EQ(origins.of(campaign, 110), 8U);
  origins.drop(campaign);
  EXPECT_EQ(origins.of(campaign, 110), std::nullopt);
}

}  // namespace
}  // namespace firstcome
