#include "queue/redis/redis_fetched.hpp"

#include <gtest/gtest.h>

#include "unit/support/samples.hpp"

namespace firstcome {
namespace {

using testing::first_campaign;

RedisFetched::One fetched(const std::string& user, std::int64_t ticket) {
  return {{first_campaign, user}, ticket};
}

TEST(RedisFetched, goes_on_behind_the_newest_and_anew_when_it_was_dropped) {
  RedisFetched fetches;
  EXPECT_EQ(fetches.newest(first_campaign), 0);
  const auto ann = fetches.add(fetched("ann", 41));
  const auto bob = fetches.add(fetched("bob", 42));
  EXPECT_EQ(fetches.newest(first_campaign), 42);
  EXPECT_EQ(fetches.finish(*bob)->ticket, 42);
  EXPECT_FALSE(fetches.finish(*bob)) << "once";
  const auto version = fetches.version(first_campaign);
  fetches.drop(first_campaign);
  EXPECT_GT(fetches.version(first_campaign), version);
  EXPECT_FALSE(fetches.finish(*ann));
  EXPECT_EQ(fetches.newest(first_campaign), 0);
  const auto carl = fetches.add(fetched("carl", 43));
  EXPECT_EQ(fetches.finish(*carl)->name, (RedisWaiters::Name{first_campaign, "carl"}));
}

TEST(RedisFetched, knows_the_newest_that_it_holds) {
  RedisFetched fetches;
  EXPECT_EQ(fetches.newest_held(first_campaign), 0);
  for (const std::int64_t ticket : {41, 43, 42}) (void)fetches.add(fetched("ann", ticket));
  EXPECT_EQ(fetches.newest_held(first_campaign), 43);
  fetches.release(first_campaign, 43);
  EXPECT_EQ(fetches.newest_held(first_campaign), 42);
  fetches.rewind(first_campaign);
  EXPECT_FALSE(fetches.add(fetched("ann", 41)));
  EXPECT_EQ(fetches.newest_held(first_campaign), 42) << "what was fetched again is not all";
  fetches.drop(first_campaign);
  EXPECT_EQ(fetches.newest_held(first_campaign), 0);
}

TEST(RedisFetched, takes_no_claim_twice_before_it_has_left_the_queue) {
  RedisFetched fetches;
  const auto ann = fetches.add(fetched("ann", 41));
  fetches.rewind(first_campaign);
  EXPECT_EQ(fetches.newest(first_campaign), 0);
  EXPECT_FALSE(fetches.add(fetched("ann", 41))) << "undecided";
  EXPECT_EQ(fetches.newest(first_campaign), 41);
  ASSERT_TRUE(fetches.finish(*ann));
  EXPECT_FALSE(fetches.add(fetched("ann", 41))) << "decided, and still there";
  EXPECT_TRUE(fetches.holds(first_campaign, 41));
  fetches.drop(first_campaign);
  EXPECT_FALSE(fetches.add(fetched("ann", 41))) << "that it is decided is not undone";
  fetches.release(first_campaign, 41);
  EXPECT_FALSE(fetches.holds(first_campaign, 41));
  EXPECT_TRUE(fetches.add(fetched("ann", 41)));
  fetches.drop(first_campaign);
  EXPECT_TRUE(fetches.add(fetched("ann", 41))) << "it was left in the queue undecided";
}

}  // namespace
}  // namespace firstcome
