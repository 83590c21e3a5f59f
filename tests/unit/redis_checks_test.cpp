#include "queue/redis/redis_checks.hpp"

#include <gtest/gtest.h>

namespace firstcome {
namespace {

// A server with which nothing is wrong.
RedisFacts good() {
  return {.server = "h:1",
          .info =
              "redis_version:7.0.15\r\nredis_mode:standalone\r\nmaxmemory_policy:noeviction\r\n"
              "aof_enabled:1\r\naof_last_write_status:ok\r\nrdb_last_bgsave_status:ok\r\n"
              "role:master\r\nconnected_slaves:1\r\n",
          .config = RedisFacts::Config{"noeviction", "always", ""}};
}

RedisFacts with(std::string_view from, std::string_view to) {
  RedisFacts facts = good();
  facts.info.replace(facts.info.find(from), from.size(), to);
  return facts;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string result;
  for (const std::string& line : lines) result += line + "\n";
  return result;
}

void expect_error(const RedisFacts& facts, RedisTopology topology, const char* words) {
  EXPECT_NE(joined(judge_redis(facts, topology).errors).find(words), std::string::npos)
      << words << " is not in:\n"
      << joined(judge_redis(facts, topology).errors);
}

void expect_warning(const RedisFacts& facts, RedisTopology topology, const char* words) {
  const RedisFindings findings = judge_redis(facts, topology);
  EXPECT_EQ(joined(findings.errors), "") << words;
  EXPECT_NE(joined(findings.warnings).find(words), std::string::npos) << words << " is not in:\n"
                                                                      << joined(findings.warnings);
}

TEST(RedisChecks, have_nothing_to_say_about_a_good_server) {
  const RedisFindings findings = judge_redis(good(), RedisTopology::single);
  EXPECT_EQ(joined(findings.errors), "");
  EXPECT_EQ(joined(findings.warnings), "");
}

TEST(RedisChecks, refuse_a_server_that_evicts) {
  RedisFacts facts = good();
  facts.config->maxmemory_policy = "allkeys-lru";
  expect_error(facts, RedisTopology::single, "CONFIG SET maxmemory-policy noeviction");
}

TEST(RedisChecks, read_the_policy_from_info_where_config_is_refused) {
  RedisFacts facts = with("noeviction", "volatile-ttl");
  facts.config.reset();
  expect_error(facts, RedisTopology::single, "maxmemory-policy volatile-ttl");
  facts = good();
  facts.config.reset();
  expect_warning(facts, RedisTopology::single, "read from INFO memory (maxmemory_policy)");
  facts = with("maxmemory_policy:noeviction\r\n", "");
  facts.config.reset();
  expect_warning(facts, RedisTopology::single, "could not be checked");
}

TEST(RedisChecks, want_6_2_or_newer) {
  const auto version = [](const char* text) { return with("7.0.15", text); };
  expect_error(version("6.0.16"), RedisTopology::single, "is version 6.0.16: 6.2 or newer");
  expect_error(version("5.0.3"), RedisTopology::single, "is version 5.0.3");
  expect_error(version("?"), RedisTopology::single, "does not say its version");
  for (const char* const text : {"6.2.0", "7.2.4", "8.0.0", "7.2.4\r\nvalkey_version:8.0.1"}) {
    EXPECT_TRUE(judge_redis(version(text), RedisTopology::single).errors.empty()) << text;
  }
}

TEST(RedisChecks, want_the_topology_that_the_url_says_and_a_whole_cluster) {
  expect_error(with("redis_mode:standalone", "server_mode:cluster"), RedisTopology::single,
               "use redis+cluster://");
  RedisFacts facts = with("standalone", "cluster");
  expect_error(facts, RedisTopology::single, "use redis+cluster://");
  facts.cluster_info = "cluster_state:fail\r\ncluster_slots_ok:10\r\n";
  expect_error(facts, RedisTopology::cluster, "in state 'fail'");
  facts.cluster_info = "cluster_state:ok\r\ncluster_slots_ok:16000\r\n";
  expect_warning(facts, RedisTopology::cluster, "only 16000 of 16384");
  facts.cluster_info = "cluster_state:ok\r\ncluster_slots_ok:16384\r\n";
  EXPECT_TRUE(judge_redis(facts, RedisTopology::cluster).warnings.empty());
}

TEST(RedisChecks, say_what_a_restart_would_lose) {
  const RedisTopology single = RedisTopology::single;
  RedisFacts facts = good();
  facts.config->appendfsync = "everysec";
  expect_warning(facts, single, "up to two seconds");
  facts.config->appendfsync = "no";
  expect_warning(facts, single, "about 30 seconds");
  facts = with("aof_enabled:1", "aof_enabled:0");
  expect_warning(facts, single, "keeps nothing on disk");
  facts.config->save = "3600 1";
  expect_warning(facts, single, "keeps snapshots only");
  expect_warning(with("aof_last_write_status:ok", "aof_last_write_status:err"), single,
                 "could not write to its disk");
}

TEST(RedisChecks, miss_a_replica_where_one_should_take_over) {
  const RedisFacts facts = with("connected_slaves:1", "connected_slaves:0");
  expect_warning(facts, RedisTopology::sentinel, "has no replica");
  EXPECT_TRUE(judge_redis(facts, RedisTopology::single).warnings.empty());
}

}  // namespace
}  // namespace firstcome
