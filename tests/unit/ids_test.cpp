#include "core/ids.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/identity.hpp"
#include "unit/support/samples.hpp"

namespace firstcome {
namespace {

using namespace std::string_literals;

struct Sample {
  std::string text;
  bool good;
  const char* why;
};

TEST(UserId, is_well_formed_UTF8_without_control_characters) {
  const Sample samples[] = {
      {"u1", true, "ASCII"},
      {" ", true, "a blank is no control character"},
      {"/../%00\"\\", true, "nothing printable is special"},
      {"\xC3\xA9", true, "two bytes"},
      {"\xEA\xB9\x80\xED\x95\x9C", true, "Korean"},
      {"\xF0\x9F\x8E\x9F", true, "four bytes"},
      {"\xC2\xA0", true, "U+00A0, the first behind C1"},
      {"\xED\x9F\xBF", true, "U+D7FF, the last before the surrogates"},
      {"\xEE\x80\x80", true, "U+E000, the first behind the surrogates"},
      {"\xEF\xBF\xBF", true, "U+FFFF"},
      {"\xF0\x90\x80\x80", true, "U+10000, the smallest of four bytes"},
      {"\xF4\x8F\xBF\xBF", true, "U+10FFFF, the largest"},
      {"a\0b"s, false, "NUL"},
      {"a\nb", false, "C0"},
      {"\x1F", false, "the last of C0"},
      {"\x7F", false, "DEL"},
      {"\xC2\x80", false, "the first of C1"},
      {"\xC2\x9F", false, "the last of C1"},
      {"\x80", false, "a continuation alone"},
      {"\xC3", false, "cut after the first of two"},
      {"\xE2\x82", false, "cut after the second of three"},
      {"\xF0\x9F\x8E", false, "cut after the third of four"},
      {"\xC3\x28", false, "no continuation"},
      {"\xE2\x28\xA1", false, "no continuation in the middle"},
      {"\xC0\xAF", false, "overlong slash of two"},
      {"\xC1\xBF", false, "overlong of two"},
      {"\xE0\x80\xAF", false, "overlong slash of three"},
      {"\xE0\x9F\xBF", false, "overlong of three, the largest"},
      {"\xF0\x80\x80\xAF", false, "overlong slash of four"},
      {"\xF0\x8F\xBF\xBF", false, "overlong of four, the largest"},
      {"\xED\xA0\x80", false, "U+D800, the first surrogate"},
      {"\xED\xBF\xBF", false, "U+DFFF, the last surrogate"},
      {"\xF4\x90\x80\x80", false, "U+110000"},
      {"\xF5\x80\x80\x80", false, "no such lead"},
      {"\xFE", false, "no such byte"},
      {"\xFF", false, "no such byte"},
  };
  for (const Sample& sample : samples) {
    const auto parsed = parse_user_id(sample.text);
    EXPECT_EQ(parsed.has_value(), sample.good) << sample.why;
    EXPECT_EQ(parsed ? parsed->str() : parsed.error().field, sample.good ? sample.text : "user")
        << sample.why;
  }
}

TEST(UserId, is_1_to_64_bytes) {
  EXPECT_FALSE(parse_user_id(""));
  EXPECT_EQ(parse_user_id(std::string(64, 'u'))->view(), std::string(64, 'u'));
  EXPECT_FALSE(parse_user_id(std::string(65, 'u')));
}

TEST(CampaignId, is_lower_case_digits_and_two_signs) {
  for (const auto* good : {"a", "0", "drop-8668", "a_b", "a--", "0_"}) {
    EXPECT_TRUE(parse_campaign_id(good)) << good;
  }
  for (const auto* bad : {"", "-a", "_a", "A", "a.b", "a/b", "a b", "a\n", "\xC3\xA9"}) {
    EXPECT_FALSE(parse_campaign_id(bad)) << bad;
  }
  EXPECT_TRUE(parse_campaign_id(std::string(64, 'a')));
  EXPECT_FALSE(parse_campaign_id(std::string(65, 'a')));
  EXPECT_FALSE(parse_campaign_id("a\0"s));
}

TEST(IdempotencyKey, may_stand_in_quotes) {
  EXPECT_EQ(parse_idempotency_key("k1")->view(), "k1");
  EXPECT_EQ(parse_idempotency_key("\"k1\"")->view(), "k1");
  EXPECT_EQ(parse_idempotency_key("\"\"k1\"\"")->view(), "\"k1\"") << "one pair is taken off";
  EXPECT_EQ(parse_idempotency_key("\"")->view(), "\"") << "one quote is no pair";
  EXPECT_EQ(parse_idempotency_key("\"" + std::string(64, 'k') + "\"")->view().size(), 64U);
}

TEST(IdempotencyKey, is_1_to_64_visible_characters) {
  for (const std::string& bad :
       {""s, "\"\""s, " "s, "a b"s, "a\tb"s, "\x7F"s, "\xC3\xA9"s, "a\0b"s, std::string(65, 'k')}) {
    EXPECT_FALSE(parse_idempotency_key(bad)) << bad;
  }
  EXPECT_TRUE(parse_idempotency_key("!~"));
}

TEST(ShortText, compares_what_it_holds) {
  EXPECT_EQ(UserId::trusted("a"), UserId::trusted("a"));
  EXPECT_NE(UserId::trusted("a"), UserId::trusted("ab"));
  EXPECT_LT(UserId::trusted("a"), UserId::trusted("b"));
  EXPECT_EQ(UserId::trusted(std::string(70, 'x')).view().size(), 64U);
  EXPECT_TRUE(UserId().empty());
}

// Pairs that a plain concatenation would confuse are different claims.
TEST(Identity, tells_every_user_and_key_apart) {
  using testing::identity_of;
  EXPECT_EQ(identity_of("u", "k"), identity_of("u", "k"));
  EXPECT_NE(identity_of("ab", "c").claim, identity_of("a", "bc").claim);
  EXPECT_NE(identity_of("u1", "k").claim, identity_of("u2", "k").claim);
  EXPECT_EQ(identity_of("u", "k1").user, identity_of("u", "k2").user);
  EXPECT_EQ(identity_of("u", "k").user, testing::fingerprints.of(UserId::trusted("u")));
  EXPECT_FALSE(identity_of("u").keyed());
  EXPECT_TRUE(identity_of("u", "k").keyed());
  const std::string longest(64, 'x');
  EXPECT_NE(identity_of(longest, longest).claim, identity_of(longest, longest.substr(1)).claim);
}

TEST(Fingerprints, differ_from_process_to_process) {
  const UserId user = UserId::trusted("u1");
  EXPECT_NE(Fingerprints::with_random_key().of(user), Fingerprints::with_random_key().of(user));
}

}  // namespace
}  // namespace firstcome
