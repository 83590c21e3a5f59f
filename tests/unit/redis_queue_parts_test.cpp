#include <gtest/gtest.h>

#include "queue/redis/redis_post.hpp"
#include "queue/redis/redis_waiters.hpp"
#include "unit/support/samples.hpp"

// The parts of the Redis queue that need no Redis: claims and verdicts as bytes, and who is told.

namespace firstcome {
namespace {

using testing::claim_of;
using testing::first_campaign;

RedisWaiters::Name name_of(const std::string& user) {
  return {first_campaign, claim_bytes(UserId::trusted(user), {})};
}

RedisWaiters::Told issued(const std::string& user, std::int64_t ticket, std::uint32_t rank) {
  RedisWaiters::Told told{.name = name_of(user), .ticket = ticket};
  told.verdict.answer.outcome = Outcome::issued;
  told.verdict.answer.coupon = {.rank = Rank{rank},
                                .nth = 1,
                                .code = testing::codes.code(first_campaign, Rank{rank}),
                                .issued_at = testing::at_second(12)};
  return told;
}

// What was delivered, as "slot issued" or "slot repeated".
class Told {
 public:
  RedisWaiters waiters{[this](std::uint16_t, std::vector<Verdict> verdicts) {
    for (const Verdict& verdict : verdicts) {
      words += (words.empty() ? "" : ", ") + std::to_string(verdict.reply_to.slot) +
               (verdict.answer.repeated ? " repeated" : " issued");
    }
  }};
  std::string words;

  bool add(const std::string& user, std::uint32_t slot) {
    Claim claim = claim_of(user);
    claim.reply_to.slot = slot;
    return waiters.add(name_of(user), claim, Monotonic{0});
  }
};

TEST(ClaimBytes, of_equal_claims_are_equal_and_can_be_read_back) {
  const std::string bytes = claim_bytes(UserId::trusted("ann"), IdempotencyKey::trusted("k 1"));
  const auto names = read_claim_bytes(bytes);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->user.view(), "ann");
  EXPECT_EQ(names->key.view(), "k 1");
  EXPECT_NE(claim_bytes(UserId::trusted("annk"), {}),
            claim_bytes(UserId::trusted("ann"), IdempotencyKey::trusted("k")));
}

TEST(ClaimBytes, that_are_none_are_refused) {
  for (const std::string& bytes :
       {std::string(), std::string("ann"), std::string("\0k", 2), std::string(65, 'u') + '\0',
        "u" + std::string(1, '\0') + std::string(65, 'k')}) {
    EXPECT_FALSE(read_claim_bytes(bytes)) << bytes.size();
  }
}

TEST(Post, brings_verdicts_to_other_servers_and_not_back) {
  PostWriter post(7);
  post.add(issued("ann", 41, 3));
  std::vector<RedisWaiters::Told> heard;
  const auto hear = [&](RedisWaiters::Told told) { heard.push_back(std::move(told)); };
  EXPECT_TRUE(read_post(post.bytes(), 7, testing::codes, hear));
  EXPECT_TRUE(heard.empty()) << "one's own";
  ASSERT_TRUE(read_post(post.bytes(), 8, testing::codes, hear));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].name, name_of("ann"));
  EXPECT_EQ(heard[0].ticket, 41);
  EXPECT_EQ(heard[0].verdict.answer.coupon, issued("ann", 41, 3).verdict.answer.coupon);
}

TEST(Post, that_is_cut_short_or_another_s_is_refused) {
  PostWriter post(7);
  post.add(issued("ann", 41, 3));
  const auto ignore = [](const RedisWaiters::Told&) {};
  const std::string_view bytes = post.bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (size == 12) continue;  // the head alone: a message without verdicts
    EXPECT_FALSE(read_post(bytes.substr(0, size), 8, testing::codes, ignore)) << size;
  }
  EXPECT_FALSE(read_post("something else entirely", 8, testing::codes, ignore));
}

TEST(RedisWaiters, say_issued_now_to_the_first_in_the_queue_alone) {
  Told told;
  EXPECT_TRUE(told.add("ann", 1));
  EXPECT_FALSE(told.add("ann", 2)) << "it is on its way already";
  told.waiters.confirm(name_of("ann"), 41);
  told.waiters.answer({issued("ann", 41, 3)});
  EXPECT_EQ(told.words, "1 issued, 2 repeated");
  EXPECT_EQ(told.waiters.size(), 0U);
}

TEST(RedisWaiters, say_repeated_where_another_server_was_first) {
  Told told;
  told.add("ann", 1);
  told.waiters.confirm(name_of("ann"), std::nullopt);
  told.waiters.answer({issued("ann", 41, 3)});
  EXPECT_EQ(told.words, "1 repeated");
}

// The verdict may be heard before Redis' answer about the tickets.
TEST(RedisWaiters, keep_a_verdict_until_it_is_known_whose_it_is) {
  Told own;
  own.add("ann", 1);
  own.waiters.answer({issued("ann", 41, 3)});
  EXPECT_EQ(own.words, "");
  own.waiters.confirm(name_of("ann"), 41);
  EXPECT_EQ(own.words, "1 issued");

  Told earlier;  // of the same claim when it was in the queue before
  earlier.add("ann", 1);
  earlier.waiters.answer({issued("ann", 41, 3)});
  earlier.waiters.confirm(name_of("ann"), 52);
  EXPECT_EQ(earlier.words, "1 repeated");
}

TEST(RedisWaiters, name_the_overdue_once_a_period) {
  Told told;
  told.add("ann", 1);
  using std::chrono::seconds;
  EXPECT_EQ(told.waiters.overdue(seconds(0), seconds(5)).size(), 1U);
  EXPECT_EQ(told.waiters.overdue(seconds(4), seconds(9)).size(), 0U);
  EXPECT_EQ(told.waiters.overdue(seconds(5), seconds(10)).size(), 1U);
  EXPECT_EQ(told.waiters.take(name_of("ann")).size(), 1U);
  EXPECT_EQ(told.waiters.overdue(seconds(99), seconds(99)).size(), 0U);
}

}  // namespace
}  // namespace firstcome
