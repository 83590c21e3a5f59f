#include "ledger/mysql/mysql_bulk.hpp"

#include <gtest/gtest.h>

#include "engines/support/mysql_server.hpp"

namespace firstcome {
namespace {

class MysqlBulk : public ::testing::Test {
 protected:
  void SetUp() override {
    EXPECT_EQ(connection.has_bulk(), database.root.is_on_mariadb());
    if (!connection.has_bulk()) GTEST_SKIP() << "the bulk protocol is MariaDB's";
  }

  testing::Database database;
  MysqlConnection connection = database.open();
};

TEST_F(MysqlBulk, inserts_many_rows_at_once) {
  ASSERT_TRUE(connection.run("CREATE TABLE t (a BIGINT UNSIGNED, b VARBINARY(9)) ENGINE = InnoDB"));
  const std::string sql = "INSERT INTO t (a, b) VALUES (?, ?)";
  const std::string odd("'\\\0\xFF", 4);
  MysqlBulkRows rows(2);
  rows.number(18446744073709551615U).null();
  rows.null().bytes(odd);
  rows.number(0).bytes("");
  ASSERT_TRUE(connection.insert(sql, rows));
  ASSERT_TRUE(connection.insert(sql, MysqlBulkRows(2).number(7).bytes("x"))) << "prepared by now";
  auto all = connection.query("SELECT a, b FROM t");
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 4U);
  ASSERT_TRUE(all->next());
  EXPECT_EQ(all->natural(0), 18446744073709551615U);
  EXPECT_TRUE(all->is_null(1));
  ASSERT_TRUE(all->next());
  EXPECT_TRUE(all->is_null(0));
  EXPECT_EQ(all->text(1), odd);
  ASSERT_TRUE(all->next());
  EXPECT_EQ(all->text_or_null(1), "");
  ASSERT_TRUE(all->next());
  EXPECT_EQ(all->text(1), "x");
}

TEST_F(MysqlBulk, inserts_no_row_of_many_when_one_is_refused) {
  ASSERT_TRUE(connection.run("CREATE TABLE t (a BIGINT UNSIGNED PRIMARY KEY) ENGINE = InnoDB"));
  MysqlBulkRows rows(1);
  rows.number(1).number(2).number(1);
  auto done = connection.insert("INSERT INTO t VALUES (?)", rows);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().failure, MysqlFailure::duplicate) << done.error().message;
  EXPECT_EQ(database.root.ask("SELECT COUNT(*) FROM " + database.name() + ".t"), "0");
  auto unknown = connection.insert("INSERT INTO nothing VALUES (?)", rows);
  ASSERT_FALSE(unknown);
  EXPECT_FALSE(connection.is_broken());
}

TEST_F(MysqlBulk, says_when_it_broke_before_many_rows) {
  ASSERT_TRUE(connection.run("CREATE TABLE t (a BIGINT UNSIGNED) ENGINE = InnoDB"));
  const std::string sql = "INSERT INTO t VALUES (?)";
  const MysqlBulkRows rows = [] {
    MysqlBulkRows one(1);
    one.number(1);
    return one;
  }();
  ASSERT_TRUE(connection.insert(sql, rows));
  database.root.run("KILL CONNECTION " + std::to_string(connection.id()));
  auto done = connection.insert(sql, rows);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().failure, MysqlFailure::unknown) << done.error().message;
  EXPECT_TRUE(connection.is_broken());
  EXPECT_FALSE(connection.insert(sql, rows));
}

}  // namespace
}  // namespace firstcome
