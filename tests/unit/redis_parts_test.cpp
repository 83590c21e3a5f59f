// The pure parts of the Redis client that are too small for a file each.

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include "queue/redis/redis_cluster_map.hpp"
#include "queue/redis/redis_command.hpp"
#include "queue/redis/redis_heartbeat.hpp"
#include "queue/redis/redis_info.hpp"
#include "queue/redis/redis_reply.hpp"
#include "queue/redis/redis_script.hpp"
#include "queue/redis/redis_slot.hpp"
#include "unit/support/text_table.hpp"

namespace firstcome {
namespace {

using namespace std::literals;

RedisReply reply(std::string_view wire) {
  redisReader* const reader = redisReaderCreate();
  redisReaderFeed(reader, wire.data(), wire.size());
  void* raw = nullptr;
  EXPECT_EQ(redisReaderGetReply(reader, &raw), REDIS_OK);
  redisReaderFree(reader);
  return RedisReply(static_cast<redisReply*>(raw));
}

// Slots as CLUSTER KEYSLOT of Redis 7.0 gives them.
constexpr std::string_view slots = R"(
foo                    → 12182
123456789              → 12739
{user1000}.following   → 3443
{user1000}.followers   → 3443
foo{}{bar}             → 8363
foo{{bar}}zap          → 4015
foo{bar}{zap}          → 5061
bar                    → 5061
)";

TEST(RedisSlot, is_that_of_the_hash_tag) {
  for (const testing::Row& row : testing::rows(slots)) {
    EXPECT_EQ(std::to_string(redis_slot(row[0])), row[1]) << row[0];
  }
  EXPECT_EQ(redis_slot(""), 0);
}

TEST(RedisScript, knows_its_digest) {
  EXPECT_EQ(RedisScript("").sha1(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(RedisScript("return 1").sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

std::string wire(const RedisCommand& command, bool as_text = false) {
  std::string result = ">";
  command.append_to(result, as_text);
  return result;
}

TEST(RedisCommand, is_its_words_with_their_lengths) {
  EXPECT_EQ(wire(RedisCommand("PING")), ">*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(wire(RedisCommand("SET").key("k").arg("a\0\r\nb"sv).arg(-7)),
            ">*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\0\r\nb\r\n$2\r\n-7\r\n"sv);
  EXPECT_EQ(wire(RedisCommand("X").arg("")), ">*2\r\n$1\r\nX\r\n$0\r\n\r\n");
}

TEST(RedisCommand, sends_a_script_by_digest_or_by_text) {
  const RedisScript script("return 1");
  const RedisCommand command = RedisCommand::script(script, 1).key("k").arg("a");
  const std::string tail = "$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n";
  EXPECT_EQ(wire(command), ">*5\r\n$7\r\nEVALSHA\r\n$40\r\n" + script.sha1() + "\r\n" + tail);
  EXPECT_EQ(wire(command, true), ">*5\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n" + tail);
}

TEST(RedisCommand, goes_where_its_first_key_lives) {
  EXPECT_FALSE(RedisCommand("PING").arg("foo").slot());
  EXPECT_EQ(RedisCommand("MSET").key("foo").arg(1).key("{foo}2").arg(2).slot(), 12182);
  EXPECT_EQ(RedisCommand("INFO").at("foo").slot(), 12182);
}

TEST(RedisReply, is_looked_into) {
  const RedisReply array = reply("*5\r\n:7\r\n$2\r\n42\r\n$-1\r\n*1\r\n+OK\r\n-ERR no\r\n");
  EXPECT_EQ(array.kind(), RedisValue::Kind::array);
  ASSERT_EQ(array.size(), 5U);
  EXPECT_EQ(array[0].integer(), 7);
  EXPECT_EQ(array[1].text(), "42");
  EXPECT_EQ(array[1].integer(), 42);
  EXPECT_TRUE(array[2].is_nil());
  EXPECT_EQ(array[3][0].text(), "OK");
  EXPECT_EQ(array[4].kind(), RedisValue::Kind::error);
  EXPECT_EQ(array[4].text(), "ERR no");
  EXPECT_EQ(reply("$3\r\na\0b\r\n"sv).text(), "a\0b"sv);
}

TEST(RedisReply, has_empty_answers_to_questions_that_do_not_fit) {
  EXPECT_TRUE(RedisReply().is_nil());
  const RedisReply number = reply(":7\r\n");
  EXPECT_EQ(number.text(), "");
  EXPECT_EQ(number.size(), 0U);
  EXPECT_TRUE(number[0].is_nil());
  EXPECT_TRUE(number[0][1][2].is_nil());
  for (const char* const text : {"$1\r\nx\r\n", "$2\r\n7x\r\n", "$0\r\n\r\n", "*0\r\n", "+7\r\n"}) {
    EXPECT_FALSE(reply(text).integer()) << text;
  }
  EXPECT_TRUE(reply("*1\r\n:1\r\n")[1].is_nil()) << "beyond the last";
}

TEST(RedisClusterSlots, are_read_with_their_replicas) {
  const RedisReply slots_reply = reply(
      "*2\r\n"
      "*4\r\n:0\r\n:8191\r\n*3\r\n$9\r\n127.0.0.1\r\n:7000\r\n$2\r\nid\r\n"
      "*3\r\n$9\r\n127.0.0.2\r\n:7001\r\n$2\r\nid\r\n"
      "*3\r\n:8192\r\n:16383\r\n*3\r\n$0\r\n\r\n:7002\r\n$2\r\nid\r\n");
  const std::vector<RedisSlotRange> expected{
      {0, 8191, {"127.0.0.1", 7000}, {{"127.0.0.2", 7001}}},
      {8192, 16383, {"asked", 7002}, {}},
  };
  EXPECT_EQ(parse_cluster_slots(slots_reply, "asked"), expected);
}

TEST(RedisClusterSlots, that_make_no_sense_are_left_out) {
  for (const char* const text : {
           ":1\r\n",
           "*1\r\n:1\r\n",
           "*1\r\n*2\r\n:0\r\n:1\r\n",
           "*1\r\n*3\r\n:2\r\n:1\r\n*2\r\n$1\r\nh\r\n:1\r\n",
           "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nh\r\n:1\r\n",
           "*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n$1\r\nh\r\n:1\r\n",
           "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\nh\r\n:65536\r\n",
       }) {
    EXPECT_TRUE(parse_cluster_slots(reply(text), "asked").empty()) << text;
  }
}

TEST(RedisInfo, is_lines_of_names_and_values) {
  constexpr std::string_view info = "# Server\r\nredis_version:7.0.15\r\nrun_id:ab\r\nempty:\r\n";
  EXPECT_EQ(redis_info_field(info, "redis_version"), "7.0.15");
  EXPECT_EQ(redis_info_field(info, "run_id"), "ab");
  EXPECT_EQ(redis_info_field(info, "run"), "");
  EXPECT_EQ(redis_info_field(info, "empty"), "");
  EXPECT_EQ(redis_info_field("a:1", "a"), "1");
  EXPECT_EQ(redis_info_field("", "a"), "");
}

TEST(RedisInfo, tells_valkey_from_redis) {
  const auto redis = redis_version("redis_version:7.0.15\r\n");
  ASSERT_TRUE(redis);
  EXPECT_EQ(redis->product + " " + redis->text, "Redis 7.0.15");
  EXPECT_EQ(redis->major, 7U);
  EXPECT_EQ(redis->minor, 0U);
  const auto valkey = redis_version("redis_version:7.2.4\r\nvalkey_version:8.0.1\r\n");
  ASSERT_TRUE(valkey);
  EXPECT_EQ(valkey->product + " " + valkey->text, "Valkey 8.0.1");
  EXPECT_EQ(redis_mode("redis_version:7.0.15\r\nredis_mode:cluster\r\n"), "cluster");
  EXPECT_EQ(redis_mode("valkey_version:8.1.1\r\nserver_mode:sentinel\r\n"), "sentinel");
  EXPECT_FALSE(redis_version("redis_version:new\r\n"));
  EXPECT_FALSE(redis_version(""));
}

TEST(RedisHeartbeat, pings_each_second_and_gives_up_after_two_without_an_answer) {
  using Beat = RedisHeartbeat::Beat;
  const RedisHeartbeat::Time start{100s};
  RedisHeartbeat heartbeat;
  heartbeat.start(start);
  EXPECT_EQ(heartbeat.next(), start + 1s);
  EXPECT_EQ(heartbeat.beat(start + 999ms), Beat::none);
  EXPECT_EQ(heartbeat.beat(start + 1s), Beat::ping);
  EXPECT_EQ(heartbeat.beat(start + 1500ms), Beat::none) << "one is under way";
  heartbeat.heard();
  EXPECT_EQ(heartbeat.next(), start + 2s);
  EXPECT_EQ(heartbeat.beat(start + 2s), Beat::ping);
  EXPECT_EQ(heartbeat.next(), start + 4s);
  EXPECT_EQ(heartbeat.beat(start + 3999ms), Beat::none);
  EXPECT_EQ(heartbeat.beat(start + 4s), Beat::lost);
}

}  // namespace
}  // namespace firstcome
