#include "ledger/mysql/mysql_connection.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "engines/support/mysql_server.hpp"
#include "ledger/mysql/mysql_text.hpp"

namespace firstcome {
namespace {

using testing::Database;
using testing::server_url;
using testing::Setting;

// The value that a session sees, as text.
std::string value_of(MysqlConnection& connection, const std::string& expression) {
  auto rows = connection.query("SELECT " + expression);
  if (!rows) return rows.error().message;
  return rows->next() ? std::string(rows->text(0)) : "no row";
}

TEST(MysqlConnection, is_the_same_whatever_the_servers_defaults_are) {
  const Database database;
  testing::Operator root;
  const Setting mode(root, "sql_mode", "'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'");
  const Setting isolation(root, testing::isolation_variable(root), "'SERIALIZABLE'");
  const Setting autocommit(root, "autocommit", "OFF");
  const Setting charset(root, "character_set_client", "latin1");
  const Setting lock_wait(root, "innodb_lock_wait_timeout", "77");
  MysqlConnection connection = database.open();
  EXPECT_EQ(value_of(connection, "@@sql_mode"), "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION");
  EXPECT_EQ(value_of(connection, "@@" + testing::isolation_variable(root)), "READ-COMMITTED");
  EXPECT_EQ(value_of(connection, "@@autocommit"), "1");
  EXPECT_EQ(value_of(connection, "@@character_set_client"), "utf8mb4");
  EXPECT_EQ(value_of(connection, "@@character_set_results"), "utf8mb4");
  EXPECT_EQ(value_of(connection, "@@innodb_lock_wait_timeout"), "3");
  EXPECT_EQ(value_of(connection, "@@lock_wait_timeout"), "3");
  EXPECT_EQ(value_of(connection, "@@time_zone"), "+00:00");
  EXPECT_EQ(value_of(connection, "DATABASE()"), database.name());
  const bool is_mariadb = root.is_on_mariadb();
  EXPECT_EQ(connection.server().is_mariadb, is_mariadb);
  EXPECT_GE(connection.server().version, is_mariadb ? 100'600U : 80'000U);
  const std::string& text = connection.server().text;
  EXPECT_TRUE(text.starts_with(is_mariadb ? "MariaDB 1" : "MySQL ")) << text;
  EXPECT_EQ(value_of(connection, "CONNECTION_ID()"), std::to_string(connection.id()));
}

TEST(MysqlConnection, runs_several_statements_and_keeps_their_results_apart) {
  const Database database;
  MysqlConnection connection = database.open();
  auto results = connection.run(
      "CREATE TABLE t (a BIGINT, b BIGINT UNSIGNED, c VARBINARY(9)) ENGINE = InnoDB;"
      "INSERT INTO t VALUES (-9223372036854775808, 18446744073709551615, x'00FF27'), "
      "(NULL, NULL, NULL), (7, 8, '');"
      "SELECT * FROM t;"
      "UPDATE t SET b = 8 WHERE b = 8 OR a < 0;"
      "DELETE FROM t WHERE a = 99;"
      "SELECT 1 FROM t WHERE FALSE");
  ASSERT_TRUE(results) << results.error().message;
  ASSERT_EQ(results->size(), 6U);
  EXPECT_EQ((*results)[0].columns(), 0U);
  EXPECT_EQ((*results)[1].affected(), 3U);
  EXPECT_EQ((*results)[3].affected(), 2U) << "rows found, of which one had that value";
  EXPECT_EQ((*results)[4].affected(), 0U);
  EXPECT_EQ((*results)[5].size(), 0U);
  EXPECT_FALSE((*results)[5].next());

  MysqlRows& rows = (*results)[2];
  {
    const MysqlConnection gone = std::move(connection);
  }  // results outlive it
  EXPECT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows.columns(), 3U);
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.integer(0), INT64_MIN);
  EXPECT_EQ(rows.natural(1), UINT64_MAX);
  EXPECT_EQ(rows.text(2), std::string_view("\0\xFF'", 3));
  EXPECT_EQ(rows.text_or_null(2), std::string_view("\0\xFF'", 3));
  ASSERT_TRUE(rows.next());
  EXPECT_TRUE(rows.is_null(0));
  EXPECT_EQ(rows.integer_or_null(0), std::nullopt);
  EXPECT_EQ(rows.natural_or_null(1), std::nullopt);
  EXPECT_EQ(rows.text_or_null(2), std::nullopt);
  EXPECT_EQ(rows.text(2), "");
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.integer_or_null(0), 7);
  EXPECT_EQ(rows.natural_or_null(1), 8U);
  EXPECT_EQ(rows.text_or_null(2), "") << "empty is not NULL";
  EXPECT_FALSE(rows.next());
}

TEST(MysqlConnection, stops_at_the_statement_that_fails_and_says_which) {
  const Database database;
  MysqlConnection connection = database.open();
  ASSERT_TRUE(connection.run("CREATE TABLE t (a INT PRIMARY KEY) ENGINE = InnoDB"));
  EXPECT_FALSE(connection.in_transaction());
  const auto failed =
      connection.run("BEGIN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (1); COMMIT; SELECT 1");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().number, 1062U);
  EXPECT_EQ(failed.error().sqlstate, "23000");
  EXPECT_EQ(failed.error().statement, 2U);
  EXPECT_TRUE(connection.in_transaction()) << "neither committed nor rolled back";
  EXPECT_FALSE(connection.is_broken());
  ASSERT_TRUE(connection.run("ROLLBACK"));
  EXPECT_FALSE(connection.in_transaction());
  EXPECT_EQ(value_of(connection, "COUNT(*) FROM t"), "0");
  EXPECT_EQ(connection.run("oops").error().statement, 0U);
  EXPECT_EQ(value_of(connection, "'next'"), "next") << "in step with the server";
}

// A user may be called anything; no text becomes SQL.
TEST(MysqlConnection, takes_every_byte_as_it_is) {
  const Database database;
  MysqlConnection connection = database.open();
  std::string insert = "CREATE TABLE t (id INT PRIMARY KEY, v VARBINARY(64)) ENGINE = InnoDB";
  std::vector<std::string> texts{"",         "'",   "\\",           "\\'", "a\\",
                                 "x'00'",    "%_",  "1' OR '1'='1", "a ",  "\xF0\x9F\x8E\x9F",
                                 "\xBF\x27", "-- ", "/*",           ";"};
  for (int byte = 0; byte < 256; ++byte) texts.emplace_back(3, static_cast<char>(byte));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    insert += i == 0 ? "; INSERT INTO t VALUES (" : ",(";
    insert += std::to_string(i) + ",";
    append_quoted(insert, texts[i]);
    insert += ")";
  }
  ASSERT_TRUE(connection.run(insert));
  auto rows = connection.query("SELECT v FROM t ORDER BY id");
  ASSERT_TRUE(rows) << rows.error().message;
  for (const std::string& text : texts) {
    ASSERT_TRUE(rows->next());
    EXPECT_EQ(rows->text(0), text);
    std::string find = "COUNT(*) FROM t WHERE v = ";
    append_quoted(find, text);
    EXPECT_EQ(value_of(connection, find), "1") << text << ": nothing else equals it";
  }
}

TEST(MysqlConnection, knows_the_largest_text) {
  const Database database;
  testing::Operator root;
  const Setting small(root, "max_allowed_packet", "65536");
  MysqlConnection connection = database.open();
  EXPECT_LT(connection.text_size_max(), 65536U);
  const std::string begin = "SELECT LENGTH('";
  std::string text = begin + std::string(connection.text_size_max() - begin.size() - 2, 'x') + "')";
  EXPECT_TRUE(connection.run(text));
  const auto refused = connection.run(text + " ");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, MysqlFailure::too_large);
  EXPECT_FALSE(refused.error().commit_may_have_landed());
  EXPECT_FALSE(connection.is_broken()) << "it was not sent";
  EXPECT_TRUE(connection.ping());
}

// MySQL tells a session its own GTID along with a commit, and not when asked.
bool is_own_newest(MysqlConnection& connection, const std::string& gtid) {
  if (connection.server().is_mariadb) return gtid == value_of(connection, "@@last_gtid");
  return value_of(connection, "GTID_SUBSET('" + gtid + "', @@GLOBAL.gtid_executed)") == "1";
}

// One that only server 1 can have given.
std::string gtid_of_primary(MysqlConnection& connection, const std::string& number) {
  if (connection.server().is_mariadb) return "0-1-" + number;
  return value_of(connection, "@@server_uuid") + ":" + number;
}

TEST(MysqlConnection, knows_the_gtid_of_its_newest_commit) {
  const Database database;
  MysqlConnection connection = database.open();
  EXPECT_EQ(connection.last_gtid(), "");
  ASSERT_TRUE(connection.run("CREATE TABLE t (a INT) ENGINE = InnoDB"));
  const std::string created = connection.last_gtid();
  EXPECT_TRUE(is_own_newest(connection, created)) << created;
  EXPECT_TRUE(created.starts_with(gtid_of_primary(connection, ""))) << created;
  const auto inserted = connection.run("BEGIN; INSERT INTO t VALUES (1); COMMIT; SELECT * FROM t");
  ASSERT_TRUE(inserted) << inserted.error().message;
  EXPECT_NE(connection.last_gtid(), created) << "told along, without a further question";
  EXPECT_TRUE(is_own_newest(connection, connection.last_gtid())) << connection.last_gtid();
}

// Sessions that commit at the same time share a group commit, but no GTID.
TEST(MysqlConnection, knows_its_own_gtid_among_many_commits) {
  const Database database;
  ASSERT_TRUE(database.open().run("CREATE TABLE t (a INT) ENGINE = InnoDB"));
  constexpr int sessions = 4;
  constexpr int commits = 50;
  std::vector<std::vector<std::string>> gtids(sessions);
  std::vector<std::thread> threads;
  for (std::vector<std::string>& mine : gtids) {
    threads.emplace_back([&] {
      MysqlConnection connection = database.open();
      for (int i = 0; i < commits; ++i) {
        EXPECT_TRUE(connection.run("BEGIN; INSERT INTO t VALUES (1); COMMIT"));
        mine.push_back(connection.last_gtid());
        EXPECT_TRUE(is_own_newest(connection, mine.back())) << mine.back();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : gtids) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), sessions * commits);
}

TEST(MysqlConnection, waits_on_a_replica_for_a_gtid) {
  const Database database;
  MysqlConnection primary = database.open();
  ASSERT_TRUE(primary.run("CREATE TABLE t (a INT) ENGINE = InnoDB; INSERT INTO t VALUES (1)"));
  auto replica = MysqlConnection::open(testing::replica_endpoint(), server_url().login);
  ASSERT_TRUE(replica) << replica.error().message;
  using std::chrono::milliseconds;
  const auto wait = [&](const std::string& gtid, milliseconds timeout) {
    return value_of(*replica, wait_for_gtid(replica->server(), gtid, timeout).substr(7));
  };
  EXPECT_EQ(wait(primary.last_gtid(), milliseconds(9500)), "0");
  EXPECT_EQ(value_of(*replica, "COUNT(*) FROM " + database.name() + ".t"), "1");
  const std::string late = primary.server().is_mariadb ? "-1" : "1";
  EXPECT_EQ(wait(gtid_of_primary(primary, "999999999"), milliseconds(5)), late);
  EXPECT_EQ(wait_for_gtid({.is_mariadb = false, .version = 0, .text = ""}, "a:1", milliseconds(42)),
            "SELECT WAIT_FOR_EXECUTED_GTID_SET('a:1', 0.042)");
}

}  // namespace
}  // namespace firstcome
