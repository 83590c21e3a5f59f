#include "ledger/mysql/mysql_checks.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace firstcome {
namespace {

// A server alone, as it should be.
MysqlFacts good() {
  return {.server = {.is_mariadb = true, .version = 101'106, .text = "MariaDB 10.11.6"},
          .read_only = "OFF",
          .super_read_only = "",
          .flush_log_at_commit = "1",
          .flush_method = "O_DIRECT",
          .doublewrite = "ON",
          .log_bin = "OFF",
          .sync_binlog = "0",
          .wsrep_on = "OFF",
          .semi_sync = "OFF",
          .semi_sync_point = "AFTER_COMMIT",
          .semi_sync_timeout_ms = "10000",
          .semi_sync_status = "OFF",
          .semi_sync_clients = "0"};
}

// A primary whose replica acknowledges.
MysqlFacts with_replica() {
  MysqlFacts facts = good();
  facts.log_bin = "ON";
  facts.sync_binlog = "1";
  facts.semi_sync = "ON";
  facts.semi_sync_point = "AFTER_SYNC";
  facts.semi_sync_timeout_ms = "1000000000";
  facts.semi_sync_status = "ON";
  facts.semi_sync_clients = "1";
  return facts;
}

constexpr MysqlCheckOptions alone{};
constexpr MysqlCheckOptions advised{.has_replicas = true};
constexpr MysqlCheckOptions required{.has_replicas = true, .semi_sync_required = true};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "|";
  return text;
}

TEST(MysqlChecks, pass_a_server_that_keeps_what_it_says) {
  for (const auto& options : {alone, advised, required}) {
    EXPECT_EQ(joined(judge(with_replica(), options).refusals), "");
    EXPECT_EQ(joined(judge(with_replica(), options).warnings), "");
  }
  EXPECT_EQ(joined(judge(good(), alone).refusals), "");
  EXPECT_EQ(joined(judge(good(), alone).warnings), "");
}

struct Sample {
  const char* what;
  std::function<void(MysqlFacts&)> change;
};

TEST(MysqlChecks, refuse_with_the_settings_name) {
  const Sample samples[] = {
      {"MariaDB 10.5.9 is too old", [](auto& f) { f.server = {true, 100'509, "MariaDB 10.5.9"}; }},
      {"MySQL 5.7.44 is too old", [](auto& f) { f.server = {false, 50'744, "MySQL 5.7.44"}; }},
      {"read_only is ON): give the primary", [](auto& f) { f.read_only = "ON"; }},
      {"read_only is ON): give the primary", [](auto& f) { f.super_read_only = "ON"; }},
      {"a replica of db1: give that, the primary",
       [](auto& f) {
         f.read_only = "ON";
         f.replicates_from = "db1";
       }},
      {"Galera", [](auto& f) { f.wsrep_on = "ON"; }},
      {"innodb_flush_log_at_trx_commit is 2", [](auto& f) { f.flush_log_at_commit = "2"; }},
      {"innodb_flush_log_at_trx_commit is 0", [](auto& f) { f.flush_log_at_commit = "0"; }},
      {"innodb_flush_log_at_trx_commit is 3",
       [](auto& f) {
         f.flush_log_at_commit = "3";
         f.server = {false, 80'036, "MySQL 8.0.36"};
       }},
      {"SET GLOBAL sync_binlog = 1",
       [](auto& f) {
         f.log_bin = "ON";
         f.sync_binlog = "0";
       }},
      {"sync_binlog is 100 while a binary log is kept",
       [](auto& f) {
         f.log_bin = "ON";
         f.sync_binlog = "100";
       }},
      {"innodb_doublewrite is OFF", [](auto& f) { f.doublewrite = "OFF"; }},
      {"innodb_doublewrite is DETECT_ONLY", [](auto& f) { f.doublewrite = "DETECT_ONLY"; }},
      {"innodb_flush_method is nosync", [](auto& f) { f.flush_method = "nosync"; }},
  };
  for (const Sample& sample : samples) {
    MysqlFacts facts = good();
    sample.change(facts);
    const MysqlVerdict verdict = judge(facts, alone);
    ASSERT_EQ(verdict.refusals.size(), 1U) << sample.what << ": " << joined(verdict.refusals);
    EXPECT_TRUE(verdict.refusals.front().contains(sample.what)) << verdict.refusals.front();
  }
}

TEST(MysqlChecks, refuse_all_at_once) {
  MysqlFacts facts = good();
  facts.flush_log_at_commit = "2";
  facts.doublewrite = "OFF";
  facts.read_only = "ON";
  EXPECT_EQ(judge(facts, alone).refusals.size(), 3U);
}

TEST(MysqlChecks, take_what_is_as_good) {
  MysqlFacts facts = good();
  facts.flush_log_at_commit = "3";
  EXPECT_EQ(joined(judge(facts, alone).refusals), "");
  facts.doublewrite = "fast";
  EXPECT_EQ(joined(judge(facts, alone).refusals), "");
}

TEST(MysqlChecks, doubt_a_replica_that_takes_writes) {
  MysqlFacts facts = good();
  facts.replicates_from = "db1";
  const MysqlVerdict verdict = judge(facts, alone);
  EXPECT_EQ(joined(verdict.refusals), "");
  ASSERT_EQ(verdict.warnings.size(), 1U);
  EXPECT_TRUE(verdict.warnings.front().contains("a replica of db1, and yet takes writes"));
}

TEST(MysqlChecks, insist_on_semi_sync_only_where_it_is_required) {
  const Sample samples[] = {
      {"SET GLOBAL rpl_semi_sync_master_enabled = ON", [](auto& f) { f.semi_sync = "OFF"; }},
      {"rpl_semi_sync_master_wait_point is AFTER_COMMIT",
       [](auto& f) { f.semi_sync_point = "AFTER_COMMIT"; }},
      {"no replica acknowledges", [](auto& f) { f.semi_sync_clients = "0"; }},
      {"fallen back to asynchronous", [](auto& f) { f.semi_sync_status = "OFF"; }},
      {"load the plugin semisync_source, SET GLOBAL rpl_semi_sync_source_enabled = ON",
       [](auto& f) {
         f.semi_sync = "";
         f.server = {false, 80'036, "MySQL 8.0.36"};
         f.gtid_mode = "ON";
       }},
  };
  for (const Sample& sample : samples) {
    MysqlFacts facts = with_replica();
    sample.change(facts);
    const MysqlVerdict hard = judge(facts, required);
    const MysqlVerdict soft = judge(facts, advised);
    ASSERT_EQ(hard.refusals.size(), 1U) << sample.what;
    EXPECT_TRUE(hard.refusals.front().contains(sample.what)) << hard.refusals.front();
    EXPECT_EQ(soft.refusals.size(), 0U);
    EXPECT_EQ(soft.warnings, hard.refusals);
  }
}

TEST(MysqlChecks, say_that_replicas_without_gtids_are_not_read_from) {
  MysqlFacts facts = with_replica();
  facts.server = {false, 80'036, "MySQL 8.0.36"};
  facts.gtid_mode = "ON";
  EXPECT_EQ(joined(judge(facts, advised).warnings), "");
  facts.gtid_mode = "OFF_PERMISSIVE";
  EXPECT_EQ(joined(judge(facts, alone).warnings), "");
  const MysqlVerdict verdict = judge(facts, advised);
  EXPECT_EQ(joined(verdict.refusals), "");
  EXPECT_TRUE(joined(verdict.warnings).starts_with("gtid_mode is OFF_PERMISSIVE: nothing is read"));
}

TEST(MysqlChecks, say_that_semi_sync_gives_up_after_a_while) {
  MysqlFacts facts = with_replica();
  facts.semi_sync_timeout_ms = "10000";
  for (const auto& options : {alone, advised, required}) {
    const MysqlVerdict verdict = judge(facts, options);
    EXPECT_EQ(verdict.refusals.size(), 0U);
    ASSERT_EQ(verdict.warnings.size(), 1U);
    EXPECT_TRUE(verdict.warnings.front().contains("rpl_semi_sync_master_timeout is 10000 ms"));
  }
}

}  // namespace
}  // namespace firstcome
