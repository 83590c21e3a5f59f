#include "ledger/mysql/mysql_checks.hpp"

#include <gtest/gtest.h>

#include "engines/support/mysql_server.hpp"
#include "ledger/mysql/mysql_schema.hpp"

namespace firstcome {
namespace {

using testing::Database;
using testing::semi_sync_prefix;
using testing::server_url;
using testing::Setting;

constexpr MysqlCheckOptions required{.has_replicas = true, .semi_sync_required = true};

std::string why_refused(MysqlConnection& connection, const MysqlCheckOptions& options = {}) {
  const auto checked = check_server(connection, options);
  if (checked) return "taken";
  EXPECT_EQ(checked.error().field, "ledger");
  return checked.error().message;
}

TEST(MysqlServerChecks, pass_the_tests_primary_and_know_its_replica) {
  const Database database;
  MysqlConnection connection = database.open();
  const auto warnings = check_server(connection, required);
  ASSERT_TRUE(warnings) << warnings.error().message;
  ASSERT_EQ(warnings->size(), 1U);
  EXPECT_TRUE(warnings->front().starts_with(semi_sync_prefix(database.root) + "_timeout is"));
  const auto facts = facts_of(connection);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->flush_log_at_commit, "1");
  EXPECT_EQ(facts->log_bin, "ON");
  EXPECT_EQ(facts->doublewrite, "ON");
  EXPECT_EQ(facts->semi_sync_clients, "1");
}

TEST(MysqlServerChecks, refuse_what_loses_commits) {
  const Database database;
  testing::Operator root;
  MysqlConnection connection = database.open();
  {
    const Setting flush(root, "innodb_flush_log_at_trx_commit", "2");
    const Setting sync(root, "sync_binlog", "0");
    const std::string why = why_refused(connection);
    EXPECT_TRUE(why.starts_with("the server at " + server_url().primary.str() + " cannot keep"));
    EXPECT_TRUE(why.contains("promises: (1) innodb_flush_log_at_trx_commit is 2: ")) << why;
    EXPECT_TRUE(why.contains("; (2) sync_binlog is 0 while a binary log is kept: ")) << why;
  }
  {
    const Setting point(root, semi_sync_prefix(root) + "_wait_point", "'AFTER_COMMIT'");
    EXPECT_EQ(why_refused(connection), "taken");
    EXPECT_TRUE(why_refused(connection, required).contains("_wait_point is AFTER_COMMIT"));
  }
  {
    const Setting read_only(root, "read_only", "ON");
    EXPECT_TRUE(why_refused(connection).contains("it is read only (read_only is ON): give the"));
  }
  EXPECT_EQ(why_refused(connection), "taken");
}

TEST(MysqlServerChecks, refuse_a_replica) {
  auto replica = MysqlConnection::open(testing::replica_endpoint(), server_url().login);
  ASSERT_TRUE(replica);
  EXPECT_TRUE(why_refused(*replica).contains("it is read only"));
}

// root may ask what a server replicates from, and may write in spite of read_only.
TEST(MysqlServerChecks, know_a_replica_by_its_primary) {
  testing::Operator root("FIRSTCOME_TEST_MYSQL_REPLICA_ADMIN_SOCKET");
  root.run(
      "SET SESSION sql_log_bin = OFF; CREATE USER 'all'@'127.0.0.1';"
      "GRANT ALL ON *.* TO 'all'@'127.0.0.1'");
  MysqlLogin login = server_url().login;
  login.user = "all";
  login.password = "";
  auto replica = MysqlConnection::open(testing::replica_endpoint(), login);
  ASSERT_TRUE(replica) << replica.error().message;
  EXPECT_TRUE(why_refused(*replica).contains("a replica of 127.0.0.1: give that, the primary"));
  {
    const Setting writable(root, "read_only", "OFF");
    const auto warnings = check_server(*replica, {});
    ASSERT_TRUE(warnings) << warnings.error().message;
    ASSERT_GE(warnings->size(), 1U);
    EXPECT_TRUE(warnings->front().contains("and yet takes writes"));
  }
  root.run("DROP USER 'all'@'127.0.0.1'");
}

class MysqlPrivileges : public ::testing::Test {
 protected:
  MysqlPrivileges() {
    MysqlConnection owner = database.open();
    EXPECT_TRUE(prepare_schema(owner, true));
    root.run("CREATE USER 'some'@'127.0.0.1'; GRANT SELECT ON " + database.name() +
             ".* TO 'some'@'127.0.0.1'");
  }
  ~MysqlPrivileges() override { root.run("DROP USER 'some'@'127.0.0.1'"); }

  [[nodiscard]] std::string missing() const {
    MysqlLogin login = database.login();
    login.user = "some";
    login.password = "";
    auto connection = MysqlConnection::open(server_url().primary, login);
    EXPECT_TRUE(connection);
    const auto checked = check_privileges(*connection);
    if (checked) return "none";
    return checked.error().message.substr(0, checked.error().message.find(':'));
  }

  testing::Operator root{};
  Database database{};
};

TEST_F(MysqlPrivileges, are_there_for_the_owner) {
  MysqlConnection owner = database.open();
  const auto checked = check_privileges(owner);
  EXPECT_TRUE(checked) << checked.error().message;
}

TEST_F(MysqlPrivileges, are_named_when_they_are_missing) {
  EXPECT_EQ(missing(), "the user 'some'@'127.0.0.1' lacks INSERT, UPDATE, DELETE");
  root.run("GRANT INSERT, UPDATE ON " + database.name() + ".* TO 'some'@'127.0.0.1'");
  EXPECT_EQ(missing(), "the user 'some'@'127.0.0.1' lacks DELETE");
  for (const auto* table : {"meta", "campaigns", "issuing", "coupons", "nodes"}) {
    root.run("GRANT DELETE ON " + database.name() + "." + table + " TO 'some'@'127.0.0.1'");
  }
  EXPECT_EQ(missing(), "the user 'some'@'127.0.0.1' lacks DELETE on parked_claims and commits");
  root.run("GRANT DELETE ON " + database.name() + ".* TO 'some'@'127.0.0.1'");
  EXPECT_EQ(missing(), "none");
}

TEST_F(MysqlPrivileges, for_a_new_schema_are_named_by_the_server) {
  const Database empty;
  root.run("GRANT SELECT, INSERT ON " + empty.name() + ".* TO 'some'@'127.0.0.1'");
  MysqlLogin login = empty.login();
  login.user = "some";
  login.password = "";
  auto connection = MysqlConnection::open(server_url().primary, login);
  ASSERT_TRUE(connection);
  const auto made = prepare_schema(*connection, true);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::invalid);
  EXPECT_TRUE(made.error().message.contains("CREATE command denied to user 'some'@"))
      << made.error().message;
}

}  // namespace
}  // namespace firstcome
