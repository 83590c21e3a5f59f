#include "queue/redis/redis_url.hpp"

#include <gtest/gtest.h>

#include "unit/support/text_table.hpp"

namespace firstcome {
namespace {

constexpr std::string_view read_as = R"(
# URL                                         → its one form
redis://localhost                             → redis://localhost:6379/0
redis://localhost/                            → redis://localhost:6379/0
redis://10.0.0.1:7000/5                       → redis://10.0.0.1:7000/5
redis://[::1]                                 → redis://[::1]:6379/0
redis://[fe80::1]:7000/1                      → redis://[fe80::1]:7000/1
redis://u:p@h                                 → redis://u:***@h:6379/0
redis://:p@h                                  → redis://:***@h:6379/0
redis://u%40x:p%3A@h                          → redis://u%40x:***@h:6379/0
redis://u:p@q:r@h                             → redis://u:***@h:6379/0
redis://u:p/q@h/2                             → redis://u:***@h:6379/2
redis://h?timeout_ms=250                      → redis://h:6379/0?timeout_ms=250
redis://h?timeout_ms=1000&connect_timeout_ms=7 → redis://h:6379/0?connect_timeout_ms=7
rediss://h:6380                               → rediss://h:6380/0
rediss://h?tls_ca=/a/ca.pem&tls_name=x        → rediss://h:6379/0?tls_ca=/a/ca.pem&tls_name=x
rediss://h?tls_key=k&tls_cert=c               → rediss://h:6379/0?tls_cert=c&tls_key=k
redis+sentinel://a,b:1/mymaster               → redis+sentinel://a:26379,b:1/mymaster
redis+sentinel://u:p@a,[::2]:3/m?db=4         → redis+sentinel://u:***@a:26379,[::2]:3/m?db=4
redis+sentinel://a/m?sentinel_password=t%26   → redis+sentinel://a:26379/m?sentinel_password=***
rediss+sentinel://a/m                         → rediss+sentinel://a:26379/m
redis+cluster://a:1,b:2,c:3                   → redis+cluster://a:1,b:2,c:3
redis+cluster://u:p@a/                        → redis+cluster://u:***@a:6379
rediss+cluster://a                            → rediss+cluster://a:6379
)";

TEST(RedisUrl, has_one_form_that_hides_the_passwords) {
  for (const testing::Row& row : testing::rows(read_as)) {
    const auto url = parse_redis_url(row[0]);
    ASSERT_TRUE(url) << row[0] << ": " << url.error().message;
    EXPECT_EQ(url->printable(), row[1]) << row[0];
  }
}

constexpr std::string_view refused_for = R"(
# URL                                         → a part of the reason
http://h                                      → begins with none of
redis:h                                       → begins with none of
redis://                                      → host '' is missing
redis://:7000                                 → host '' is missing
redis://u:p@                                  → host '' is missing
redis://h:0                                   → port of 'h:0' is not 1 to 65535
redis://h:65536                               → port of 'h:65536'
redis://h:                                    → port of 'h:'
redis://h:x                                   → port of 'h:x'
redis://::1                                   → host '' is missing
redis://[::1                                  → bracket of host '[::1' is not closed
redis://[::1]7000                             → port of '[::1]7000'
redis://a b                                   → host 'a b'
redis://a%41                                  → host 'a%41'
redis://a,b                                   → several are redis+sentinel://
redis://user@h                                → lacks a password
redis://user:@h                               → lacks a password
redis://u:%4@h                                → not followed by two hexadecimal digits
redis://u:%zz@h                               → not followed by two hexadecimal digits
redis://h/x                                   → database 'x' is not a number
redis://h/1/2                                 → database '1/2' is not a number
redis://h/-1                                  → database '-1' is not a number
redis://h?db=1                                → unknown option 'db'
redis://h?tls_ca=x                            → unknown option 'tls_ca'
redis://h?timeout_ms=0                        → timeout_ms is 1 to 600000, got '0'
redis://h?timeout_ms=1s                       → timeout_ms is 1 to 600000, got '1s'
redis://h?timeout_ms                          → 'timeout_ms' has no value
redis://h?timeout_ms=1&timeout_ms=2           → 'timeout_ms' twice
redis://h?                                    → option '' has no value
redis://u:pa?ss@h                             → is written %3F
redis+sentinel://a,b                          → master's name is missing
redis+sentinel://a/                           → master's name is missing
redis+sentinel://a/m/n                        → master's name is missing
redis+sentinel://a,,b/m                       → host '' is missing
redis+sentinel://a/m?sentinel_user=s          → sentinel_user comes without sentinel_password
redis+sentinel://a/m?database=1               → unknown option 'database'
redis+cluster://a/1                           → leave '/1' out
redis+cluster://a,                            → host '' is missing
rediss://h?tls_cert=c                         → tls_cert and tls_key come together
)";

TEST(RedisUrl, is_refused_with_what_is_wrong) {
  for (const testing::Row& row : testing::rows(refused_for)) {
    const auto url = parse_redis_url(row[0]);
    ASSERT_FALSE(url) << row[0];
    EXPECT_EQ(url.error().code, ErrorCode::invalid);
    EXPECT_EQ(url.error().field, "queue");
    EXPECT_NE(url.error().message.find(row[1]), std::string::npos)
        << row[0] << ": " << url.error().message;
  }
}

TEST(RedisUrl, a_refusal_shows_no_password) {
  for (const char* const text :
       {"redis://u:secret@h:x", "redis://u:secret@", "redis://u:sec?ret@h", "redis://secret@h",
        "redis+cluster://u:secret@a/1", "redis://u:%zzsecret@h", "redis://:secret@h?x=1"}) {
    const auto url = parse_redis_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().message.find("sec"), std::string::npos) << url.error().message;
  }
}

TEST(RedisUrl, decodes_what_is_percent_encoded) {
  const auto url =
      parse_redis_url("redis+sentinel://a%3Ab:c%40d%2F@h/my%20master?sentinel_password=%26");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->login, (RedisLogin{"a:b", "c@d/"}));
  EXPECT_EQ(url->master_name, "my master");
  EXPECT_EQ(url->sentinel_login, (RedisLogin{"", "&"}));
}

TEST(RedisUrl, hides_the_password_for_sentinels) {
  const auto url = parse_redis_url("redis+sentinel://a/m?sentinel_user=s&sentinel_password=t");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->printable(), "redis+sentinel://a:26379/m?sentinel_user=s&sentinel_password=***");
}

TEST(RedisUrl, keeps_what_it_says) {
  const auto url = parse_redis_url("rediss+sentinel://u:p@a,b:7/m?db=3&timeout_ms=9&tls_ca=f");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->topology, RedisTopology::sentinel);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->endpoints, (std::vector<RedisEndpoint>{{"a", 26379}, {"b", 7}}));
  EXPECT_EQ(url->database, 3U);
  EXPECT_EQ(url->timeout.count(), 9);
  EXPECT_EQ(url->tls_files.ca, "f");
  EXPECT_FALSE(parse_redis_url("redis://h")->tls);
}

}  // namespace
}  // namespace firstcome
