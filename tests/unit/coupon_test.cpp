#include "core/coupon.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <set>
#include <vector>

#include "unit/support/samples.hpp"

namespace firstcome {
namespace {

using testing::codes;

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

int differing_bits(const CouponCode& a, const CouponCode& b) {
  int count = 0;
  for (std::size_t i = 0; i < a.bytes.size(); ++i) {
    count += std::popcount(static_cast<unsigned>(a.bytes[i] ^ b.bytes[i]));
  }
  return count;
}

// Promise 6: codes are unique, over all campaigns of a ledger.
TEST(CouponCodes, are_unique_over_a_million_campaigns_and_ranks) {
  std::vector<std::array<std::uint8_t, 10>> all;
  all.reserve(1'000'000);
  for (std::uint32_t campaign = 1; campaign <= 1000; ++campaign) {
    for (std::uint32_t rank = 1; rank <= 1000; ++rank) {
      all.push_back(codes.code(CampaignNumber{campaign}, Rank{rank}).bytes);
    }
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

// A commit that has to be repeated must say the same.
TEST(CouponCodes, are_the_same_for_the_same_campaign_and_rank) {
  const CouponCodes again(CouponCodes::Key{4, 5, 6});
  EXPECT_EQ(codes.code(CampaignNumber{7}, Rank{9}), again.code(CampaignNumber{7}, Rank{9}));
  EXPECT_NE(codes.code(CampaignNumber{7}, Rank{9}), codes.code(CampaignNumber{9}, Rank{7}));
}

// They are printed and in ledgers: another code for the same rank would make those ledgers corrupt.
// The values are those of a second implementation, from the description in the header.
TEST(CouponCodes, never_change_from_version_to_version) {
  EXPECT_EQ(to_string(codes.code(CampaignNumber{1}, Rank{1})), "W7PNQ3FEENKVAE3G");
  EXPECT_EQ(to_string(codes.code(CampaignNumber{7}, Rank{0xFFFFFFFF})), "Q87A1F8JBHCSR8SY");
}

TEST(CouponCodes, change_in_half_their_bits_with_one_bit_of_the_key) {
  const CouponCode code = codes.code(CampaignNumber{1}, Rank{1});
  int total = 0;
  for (std::size_t bit = 0; bit < 128; ++bit) {
    CouponCodes::Key key{4, 5, 6};
    key[bit / 8] = static_cast<std::uint8_t>(key[bit / 8] ^ (1U << (bit % 8)));
    total += differing_bits(code, CouponCodes(key).code(CampaignNumber{1}, Rank{1}));
  }
  EXPECT_NEAR(total / 128.0, 40, 2);
}

TEST(CouponCodes, of_neighbours_have_nothing_in_common) {
  int total = 0;
  for (std::uint32_t rank = 1; rank <= 1000; ++rank) {
    total += differing_bits(codes.code(CampaignNumber{1}, Rank{rank}),
                            codes.code(CampaignNumber{1}, Rank{rank + 1}));
  }
  EXPECT_NEAR(total / 1000.0, 40, 1);
}

TEST(CouponCode, is_16_characters_of_Crockfords_base32) {
  std::set<char> seen;
  for (std::uint32_t rank = 1; rank <= 1000; ++rank) {
    const std::string text = to_string(codes.code(CampaignNumber{1}, Rank{rank}));
    ASSERT_EQ(text.size(), 16U);
    seen.insert(text.begin(), text.end());
  }
  EXPECT_EQ(std::string(seen.begin(), seen.end()), alphabet) << "no I, L, O and U";
}

TEST(CouponCode, puts_the_first_bits_first) {
  CouponCode code;
  EXPECT_EQ(to_string(code), "0000000000000000");
  code.bytes[0] = 0x80;
  EXPECT_EQ(to_string(code), "G000000000000000");
  code.bytes.fill(0xFF);
  EXPECT_EQ(to_string(code), "ZZZZZZZZZZZZZZZZ");
}

RC_GTEST_PROP(CouponCode, reads_back_what_it_wrote, (const std::array<std::uint8_t, 10>& bytes)) {
  const CouponCode code{bytes};
  RC_ASSERT(parse_coupon_code(to_string(code)) == code);
}

TEST(CouponCode, reads_only_what_it_writes) {
  for (const auto* bad : {"", "000000000000000", "00000000000000000", "000000000000000I",
                          "000000000000000L", "000000000000000O", "000000000000000U",
                          "000000000000000a", "0000-0000-0000-0", "000000000000000 "}) {
    EXPECT_FALSE(parse_coupon_code(bad)) << bad;
  }
}

}  // namespace
}  // namespace firstcome
