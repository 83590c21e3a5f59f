#include "ledger/coupon_index.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "unit/support/samples.hpp"

namespace firstcome {
namespace {

using testing::codes;
using testing::coupon_of;
using testing::first_campaign;
using testing::identity_of;
using testing::second_campaign;
using Rows = std::vector<std::uint32_t>;

class CouponIndexTest : public ::testing::Test {
 protected:
  bool add(const std::string& user, std::uint32_t rank, std::uint32_t nth, std::uint32_t seq,
           CampaignNumber campaign = first_campaign, const std::string& key = {}) {
    return index.add(campaign, identity_of(user, key), coupon_of(rank, nth, campaign), seq)
        .has_value();
  }
  CouponIndex index{codes};
};

TEST_F(CouponIndexTest, knows_who_has_what) {
  ASSERT_TRUE(add("a", 1, 1, 1));
  ASSERT_TRUE(add("b", 2, 1, 2));
  ASSERT_TRUE(add("a", 3, 2, 3));
  const Standing a = index.standing(first_campaign, identity_of("a"));
  EXPECT_EQ(a.coupons, 2U);
  EXPECT_EQ(a.first, coupon_of(1));
  EXPECT_EQ(a.by_key, std::nullopt);
  EXPECT_EQ(index.standing(first_campaign, identity_of("c")).coupons, 0U);
  EXPECT_EQ(index.standing(second_campaign, identity_of("a")).coupons, 0U);
  EXPECT_EQ(index.last_rank(first_campaign), Rank{3});
  EXPECT_EQ(index.last_rank(second_campaign), Rank{0});
}

TEST_F(CouponIndexTest, finds_the_coupon_of_each_key) {
  ASSERT_TRUE(add("a", 1, 1, 1, first_campaign, "k1"));
  ASSERT_TRUE(add("a", 2, 2, 2, first_campaign, "k2"));
  ASSERT_TRUE(add("b", 1, 1, 3, second_campaign, "k1"));
  EXPECT_EQ(index.standing(first_campaign, identity_of("a", "k1")).by_key, coupon_of(1, 1));
  EXPECT_EQ(index.standing(first_campaign, identity_of("a", "k2")).by_key, coupon_of(2, 2));
  EXPECT_EQ(index.standing(first_campaign, identity_of("a", "k3")).by_key, std::nullopt);
  EXPECT_EQ(index.standing(second_campaign, identity_of("a", "k1")).by_key, std::nullopt);
  EXPECT_EQ(index.standing(first_campaign, identity_of("b", "k1")).by_key, std::nullopt);
}

TEST_F(CouponIndexTest, gives_back_the_whole_coupon) {
  Coupon coupon = coupon_of(1);
  coupon.expires_at = coupon.issued_at + std::chrono::years(100);
  ASSERT_TRUE(index.add(first_campaign, identity_of("a"), coupon, 1));
  EXPECT_EQ(index.standing(first_campaign, identity_of("a")).first, coupon);
}

TEST_F(CouponIndexTest, takes_no_row_that_contradicts_what_is_there) {
  EXPECT_FALSE(add("a", 2, 1, 1)) << "rank 1 is missing";
  EXPECT_FALSE(add("a", 1, 2, 1)) << "the user's first is missing";
  EXPECT_FALSE(add("a", 1, 0, 1));
  ASSERT_TRUE(add("a", 1, 1, 1));
  EXPECT_FALSE(add("b", 1, 1, 2)) << "rank 1 twice";
  EXPECT_FALSE(add("a", 2, 1, 2)) << "his first twice";
  EXPECT_FALSE(add("a", 2, 3, 2)) << "his second is missing";
  EXPECT_EQ(index.standing(first_campaign, identity_of("a")).coupons, 1U);
  EXPECT_EQ(index.last_rank(first_campaign), Rank{1});
  EXPECT_TRUE(add("a", 2, 2, 2)) << "what was refused has left nothing behind";
}

TEST_F(CouponIndexTest, finds_the_rows_of_ranks_over_runs) {
  // Rows 1, 2, 4, 5, 6 are the first campaign's, row 3 the second's.
  ASSERT_TRUE(add("a", 1, 1, 1) && add("b", 2, 1, 2));
  ASSERT_TRUE(add("a", 1, 1, 3, second_campaign));
  ASSERT_TRUE(add("c", 3, 1, 4) && add("d", 4, 1, 5) && add("e", 5, 1, 6));
  EXPECT_EQ(index.rows_after(first_campaign, Rank{0}, 99), (Rows{1, 2, 4, 5, 6}));
  EXPECT_EQ(index.rows_after(first_campaign, Rank{0}, 3), (Rows{1, 2, 4}));
  EXPECT_EQ(index.rows_after(first_campaign, Rank{1}, 2), (Rows{2, 4}));
  EXPECT_EQ(index.rows_after(first_campaign, Rank{2}, 1), (Rows{4}));
  EXPECT_EQ(index.rows_after(first_campaign, Rank{4}, 99), (Rows{6}));
  EXPECT_EQ(index.rows_after(first_campaign, Rank{5}, 99), Rows{});
  EXPECT_EQ(index.rows_after(first_campaign, Rank{0xFFFFFFFF}, 99), Rows{});
  EXPECT_EQ(index.rows_after(first_campaign, Rank{0}, 0), Rows{});
  EXPECT_EQ(index.rows_after(second_campaign, Rank{0}, 99), (Rows{3}));
  EXPECT_EQ(index.rows_after(CampaignNumber{99}, Rank{0}, 99), Rows{});
}

TEST_F(CouponIndexTest, lists_a_users_coupons_by_campaign_and_rank) {
  ASSERT_TRUE(add("b", 1, 1, 1, second_campaign));
  ASSERT_TRUE(add("a", 2, 1, 2, second_campaign));
  ASSERT_TRUE(add("a", 1, 1, 3));
  ASSERT_TRUE(add("a", 3, 2, 4, second_campaign));
  const auto held = index.held_by(testing::fingerprints.of(UserId::trusted("a")));
  ASSERT_EQ(held.size(), 3U);
  EXPECT_EQ(held[0].campaign, first_campaign);
  EXPECT_EQ(held[1].coupon, coupon_of(2, 1, second_campaign));
  EXPECT_EQ(held[2].coupon, coupon_of(3, 2, second_campaign));
  EXPECT_TRUE(index.held_by(testing::fingerprints.of(UserId::trusted("x"))).empty());
}

TEST_F(CouponIndexTest, agrees_with_plain_maps_on_100_000_random_coupons) {
  struct Plain {
    std::vector<Coupon> coupons;
    std::map<std::string, Coupon> by_key;
  };
  std::map<std::pair<std::uint32_t, std::string>, Plain> plain;
  std::vector<Rows> rows(5);
  std::mt19937 random(1);
  for (std::uint32_t seq = 1; seq <= 100'000; ++seq) {
    const CampaignNumber campaign{static_cast<std::uint32_t>(1 + random() % 4)};
    const std::string user = "u" + std::to_string(random() % 30'000);
    const std::string key = random() % 2 == 0 ? "" : "k" + std::to_string(random());
    Plain& mine = plain[{campaign.value, user}];
    Rows& ranks = rows[campaign.value];
    ranks.push_back(seq);
    const Coupon coupon = coupon_of(static_cast<std::uint32_t>(ranks.size()),
                                    static_cast<std::uint32_t>(mine.coupons.size()) + 1, campaign);
    ASSERT_TRUE(index.add(campaign, identity_of(user, key), coupon, seq));
    mine.coupons.push_back(coupon);
    if (!key.empty()) mine.by_key[key] = coupon;
  }
  for (const auto& [who, mine] : plain) {
    const CampaignNumber campaign{who.first};
    const Standing standing = index.standing(campaign, identity_of(who.second));
    ASSERT_EQ(standing.coupons, mine.coupons.size());
    ASSERT_EQ(standing.first, mine.coupons.front());
    for (const auto& [key, coupon] : mine.by_key) {
      ASSERT_EQ(index.standing(campaign, identity_of(who.second, key)).by_key, coupon);
    }
  }
  for (std::uint32_t campaign = 1; campaign <= 4; ++campaign) {
    ASSERT_EQ(index.rows_after(CampaignNumber{campaign}, Rank{0}, 200'000), rows[campaign]);
  }
}

// What is read while another thread adds is never torn: a prefix of what it adds.
TEST_F(CouponIndexTest, is_read_while_it_is_written) {
  constexpr std::uint32_t total = 20'000;
  std::atomic<bool> done = false;
  const auto read = [&] {
    std::uint32_t last_count = 0;
    while (!done) {
      const Standing standing = index.standing(first_campaign, identity_of("hot"));
      EXPECT_GE(standing.coupons, last_count);
      last_count = standing.coupons;
      EXPECT_EQ(standing.first.has_value(), standing.coupons > 0);
      const Rank last = index.last_rank(first_campaign);
      const auto rows = index.rows_after(first_campaign, Rank{0}, total);
      EXPECT_GE(rows.size(), last.value);
      EXPECT_TRUE(rows.empty() || rows.back() == rows.size());
      const auto held = index.held_by(testing::fingerprints.of(UserId::trusted("hot")));
      EXPECT_GE(held.size(), last_count);
    }
  };
  std::vector<std::jthread> readers;
  readers.emplace_back(read);
  readers.emplace_back(read);
  std::uint32_t hot = 0;
  for (std::uint32_t rank = 1; rank <= total; ++rank) {
    const bool is_hot = rank % 100 == 0;
    const std::string user = is_hot ? "hot" : "u" + std::to_string(rank);
    EXPECT_TRUE(add(user, rank, is_hot ? ++hot : 1, rank));
  }
  done = true;
}

}  // namespace
}  // namespace firstcome
