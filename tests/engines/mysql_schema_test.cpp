#include "ledger/mysql/mysql_schema.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <set>
#include <thread>

#include "engines/support/mysql_server.hpp"
#include "ledger/mysql/mysql_migration.hpp"
#include "ledger/mysql/mysql_secret.hpp"
#include "ledger/mysql/mysql_text.hpp"

namespace firstcome::embedded {
extern const std::string_view mysql_0001_init;
}

namespace firstcome {
namespace {

using testing::Database;

// "ok", or the code and the words.
std::string words(const Result<void>& result) {
  if (result) return "ok";
  return std::string(to_string(result.error().code)) + ": " + result.error().message;
}

// Everything about a database's tables, and what is in meta.
std::string picture_of(MysqlConnection& connection) {
  std::string picture;
  auto rows = connection.query(
      "SELECT table_name, column_name, ordinal_position, column_type, is_nullable, column_key, "
      "collation_name FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, "
      "3");
  EXPECT_TRUE(rows) << rows.error().message;
  while (rows->next()) {
    for (std::size_t i = 0; i < rows->columns(); ++i) picture.append(rows->text(i)).append(" ");
    picture += '\n';
  }
  auto meta = connection.query("SELECT name, value FROM meta ORDER BY name");
  EXPECT_TRUE(meta) << meta.error().message;
  while (meta->next()) picture.append(meta->text(0)).append("=").append(meta->text(1)).append("\n");
  return picture;
}

std::string fresh_picture() {
  const Database database;
  MysqlConnection connection = database.open();
  EXPECT_EQ(words(prepare_schema(connection, true)), "ok");
  return picture_of(connection);
}

TEST(MysqlSchema, is_made_once) {
  const Database database;
  MysqlConnection connection = database.open();
  EXPECT_EQ(words(prepare_schema(connection, false)),
            "unavailable: there is no ledger in the database yet: run serve once without "
            "--no-migrate to make one");
  EXPECT_EQ(words(prepare_schema(connection, true)), "ok");
  const std::string picture = picture_of(connection);
  EXPECT_TRUE(picture.ends_with("schema_version=1\n")) << picture;
  EXPECT_EQ(words(prepare_schema(connection, false)), "ok");
  EXPECT_EQ(words(prepare_schema(connection, true)), "ok");
  EXPECT_EQ(picture_of(connection), picture);
  EXPECT_EQ(picture, fresh_picture());
}

TEST(MysqlSchema, of_a_newer_firstcome_is_left_alone) {
  const Database database;
  MysqlConnection connection = database.open();
  ASSERT_EQ(words(prepare_schema(connection, true)), "ok");
  ASSERT_TRUE(connection.run("UPDATE meta SET value = '2' WHERE name = 'schema_version'"));
  for (const bool may_change : {true, false}) {
    EXPECT_EQ(words(prepare_schema(connection, may_change)),
              "corrupt: the ledger has schema version 2, this firstcome knows 1: run a newer "
              "firstcome");
  }
  ASSERT_TRUE(connection.run("UPDATE meta SET value = '1x' WHERE name = 'schema_version'"));
  EXPECT_EQ(
      words(prepare_schema(connection, true)),
      "corrupt: the ledger's schema_version is '1x', which no firstcome has written: restore a "
      "backup of the database");
}

TEST(MysqlSchema, is_made_in_no_database_of_others) {
  struct Sample {
    const char* sql;
    const char* what;
  };
  const Sample samples[] = {
      {"CREATE TABLE coupons (a INT)", "the table coupons"},
      {"CREATE TABLE meta (a INT)", "another table called meta"},
      {"CREATE TABLE meta (name INT, value INT); INSERT INTO meta VALUES (1, 1)",
       "another table called meta"},
      {"CREATE TABLE meta (name INT, value INT); CREATE TABLE coupons (a INT)",
       "other tables beside an empty meta"},
  };
  for (const Sample& sample : samples) {
    const Database database;
    MysqlConnection connection = database.open();
    ASSERT_TRUE(connection.run(sample.sql));
    for (const bool may_change : {true, false}) {
      EXPECT_EQ(words(prepare_schema(connection, may_change)),
                std::string("conflict: the database holds ") + sample.what +
                    ", but no firstcome ledger: give it a database of its own");
    }
  }
}

// Every node of a cluster that is started at once calls it on a connection of its own.
TEST(MysqlSchema, is_made_by_one_of_many_that_start_at_once) {
  const std::string expected = fresh_picture();
  for (int round = 0; round < 5; ++round) {
    const Database database;
    constexpr int nodes = 6;
    std::barrier start(nodes);
    std::vector<std::thread> threads;
    for (int i = 0; i < nodes; ++i) {
      threads.emplace_back([&] {
        MysqlConnection connection = database.open();
        start.arrive_and_wait();
        EXPECT_EQ(words(prepare_schema(connection, true)), "ok");
        EXPECT_EQ(words(prepare_schema(connection, false)), "ok");
      });
    }
    for (std::thread& thread : threads) thread.join();
    MysqlConnection connection = database.open();
    EXPECT_EQ(picture_of(connection), expected);
  }
}

// Leaves a database as a node does that dies before its statement number `begun` is done (or, with
// `done`, before it can say so).
void die_at(MysqlConnection& connection, std::size_t begun, bool done) {
  const std::vector<std::string> statements = split_statements(embedded::mysql_0001_init);
  for (std::size_t i = 0; i < begun + (done ? 1 : 0); ++i) {
    ASSERT_TRUE(connection.run(statements.at(i)));
  }
  if (begun > 0) {
    ASSERT_TRUE(
        connection.run("INSERT INTO meta VALUES ('schema_step', '" + std::to_string(begun) + "')"));
  }
}

TEST(MysqlSchema, is_taken_up_where_another_died) {
  const std::string expected = fresh_picture();
  const std::size_t statements = split_statements(embedded::mysql_0001_init).size();
  ASSERT_GE(statements, 5U);
  for (std::size_t begun = 0; begun < statements; ++begun) {
    for (const bool done : {false, true}) {
      const Database database;
      MysqlConnection connection = database.open();
      die_at(connection, begun, done);
      EXPECT_TRUE(words(prepare_schema(connection, false)).starts_with("unavailable")) << begun;
      EXPECT_EQ(words(prepare_schema(connection, true)), "ok") << begun;
      EXPECT_EQ(picture_of(connection), expected) << begun;
    }
  }
}

TEST(MysqlSchema, is_taken_up_by_a_node_that_waited_for_the_one_that_died) {
  const Database database;
  MysqlConnection dying = database.open();
  die_at(dying, 2, true);
  ASSERT_TRUE(
      dying.run("SELECT GET_LOCK(CONCAT('firstcome.', LEFT(SHA2(DATABASE(), 256), 32)), 0)"));
  std::thread other([&] {
    MysqlConnection connection = database.open();
    EXPECT_EQ(words(prepare_schema(connection, true)), "ok");
    EXPECT_TRUE(picture_of(connection).ends_with("schema_version=1\n"));
  });
  testing::Operator root;
  root.wait_until("SELECT id FROM information_schema.processlist WHERE state = 'User lock'");
  root.run("KILL CONNECTION " + std::to_string(dying.id()));
  other.join();
}

constexpr std::string_view first =
    "CREATE TABLE meta (name VARCHAR(64) PRIMARY KEY, value "
    "VARBINARY(255) NOT NULL) ENGINE = InnoDB; CREATE TABLE t (a "
    "INT) ENGINE = InnoDB";
constexpr std::string_view second =
    "ALTER TABLE t ADD COLUMN b INT; CREATE INDEX i ON t (b); "
    "ALTER TABLE t DROP COLUMN a; CREATE TABLE u (a INT)";

TEST(MysqlMigration, goes_on_from_an_older_version) {
  const Database database;
  MysqlConnection connection = database.open();
  const std::array both{first, second};
  ASSERT_EQ(words(migrate(connection, std::span(both).first(1), true)), "ok");
  EXPECT_EQ(words(migrate(connection, both, true)), "ok");
  EXPECT_TRUE(picture_of(connection).ends_with("schema_version=2\n"));
  EXPECT_EQ(words(migrate(connection, std::span(both).first(1), true)),
            "corrupt: the ledger has schema version 2, this firstcome knows 1: run a newer "
            "firstcome");
}

TEST(MysqlMigration, that_failed_is_taken_up_at_each_statement) {
  const std::vector<std::string> statements = split_statements(second);
  for (std::size_t failing = 0; failing < statements.size(); ++failing) {
    const Database database;
    MysqlConnection connection = database.open();
    std::string broken;
    for (std::size_t i = 0; i < statements.size(); ++i) {
      broken += (i == failing ? "THIS IS NO SQL" : statements[i]) + ";";
    }
    const std::array bad{first, std::string_view(broken)};
    const std::array good{first, second};
    EXPECT_TRUE(words(migrate(connection, bad, true))
                    .starts_with("unavailable: MySQL: cannot bring the ledger's schema to version "
                                 "2: "));
    // As if it had been done just before it was told.
    ASSERT_TRUE(connection.run(statements[failing]));
    EXPECT_EQ(words(migrate(connection, good, true)), "ok") << failing;
    EXPECT_TRUE(picture_of(connection).ends_with("schema_version=2\n"));
  }
}

// "Is already there" is no success for a statement that was not begun.
TEST(MysqlMigration, takes_nothing_for_done_that_it_did_not_do) {
  const Database database;
  MysqlConnection connection = database.open();
  const std::array both{first, second};
  ASSERT_EQ(words(migrate(connection, std::span(both).first(1), true)), "ok");
  ASSERT_TRUE(connection.run("CREATE TABLE u (other INT)"));
  EXPECT_TRUE(words(migrate(connection, both, true)).contains("Table 'u' already exists"));
}

TEST(MysqlSecret, is_the_same_for_all_who_ask_at_once) {
  const Database database;
  MysqlConnection connection = database.open();
  ASSERT_EQ(words(prepare_schema(connection, true)), "ok");
  constexpr std::size_t nodes = 6;
  std::barrier start(nodes);
  std::vector<std::array<std::uint8_t, 16>> found(nodes);
  std::vector<std::thread> threads;
  for (auto& mine : found) {
    threads.emplace_back([&] {
      MysqlConnection own = database.open();
      start.arrive_and_wait();
      mine = secret(own, "code_key").value();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ((std::set<std::array<std::uint8_t, 16>>(found.begin(), found.end()).size()), 1U);
  EXPECT_EQ(secret(connection, "code_key").value(), found.front());
  EXPECT_NE(secret(connection, "cursor_key").value(), found.front());
}

TEST(MysqlSecret, that_is_damaged_is_not_replaced) {
  const Database database;
  MysqlConnection connection = database.open();
  EXPECT_EQ(secret(connection, "code_key").error().code, ErrorCode::unavailable) << "no schema";
  ASSERT_EQ(words(prepare_schema(connection, true)), "ok");
  ASSERT_TRUE(connection.run("INSERT INTO meta VALUES ('code_key', 'short')"));
  EXPECT_EQ(secret(connection, "code_key").error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace firstcome
