#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "engines/support/mysql_server.hpp"
#include "ledger/mysql/mysql_connection.hpp"

// Each class of failure, brought about for real.

namespace firstcome {
namespace {

using testing::Database;
using testing::server_url;
using testing::Setting;

constexpr MysqlTimeouts impatient{.read = std::chrono::seconds(1),
                                  .write = std::chrono::seconds(1),
                                  .lock_wait = std::chrono::seconds(1)};

using Answer = MysqlResult<std::vector<MysqlRows>>;

// "1213 retry", or "done".
std::string words(const Answer& answer) {
  if (answer) return "done";
  return std::to_string(answer.error().number) + " " + to_string(answer.error().failure);
}

// "1045 denied", or "connected".
std::string words(const MysqlResult<MysqlConnection>& opened) {
  if (opened) return "connected";
  return std::to_string(opened.error().number) + " " + to_string(opened.error().failure);
}

class MysqlFailures : public ::testing::Test {
 protected:
  MysqlFailures() {
    EXPECT_TRUE(database.open().run(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT) ENGINE = InnoDB; INSERT INTO t VALUES (1, 0), "
        "(2, 0)"));
  }

  // Runs the text in a thread of its own, and returns once the server's list of processes says
  // this of it.
  [[nodiscard]] std::future<Answer> start(MysqlConnection& connection, const std::string& sql,
                                          const std::string& until) {
    auto running =
        std::async(std::launch::async, [&connection, sql] { return connection.run(sql); });
    database.root.wait_until("SELECT id FROM information_schema.processlist WHERE id = " +
                             std::to_string(connection.id()) + " AND " + until);
    return running;
  }

  // What the next statement is told. MySQL says why.
  [[nodiscard]] std::string gone_for_idling() const {
    return database.root.is_on_mariadb() ? "2006 unknown" : "4031 unknown";
  }

  void end_session(const MysqlConnection& connection) {
    database.root.run("KILL CONNECTION " + std::to_string(connection.id()));
  }

  [[nodiscard]] std::string v_of(int id) {
    return database.root.ask("SELECT v FROM " + database.name() +
                             ".t WHERE id = " + std::to_string(id));
  }

  Database database;
};

TEST_F(MysqlFailures, deadlock) {
  MysqlConnection a = database.open();
  MysqlConnection b = database.open();
  ASSERT_TRUE(a.run("BEGIN; UPDATE t SET v = 1 WHERE id = 1"));
  ASSERT_TRUE(b.run("BEGIN; UPDATE t SET v = 2 WHERE id = 2"));
  auto waiting = start(a, "UPDATE t SET v = 1 WHERE id = 2", "info LIKE 'UPDATE%'");
  const Answer other = b.run("UPDATE t SET v = 2 WHERE id = 1");
  const Answer first = waiting.get();
  const bool a_lost = !first;
  EXPECT_EQ(words(a_lost ? first : other), "1213 retry");
  EXPECT_EQ(words(a_lost ? other : first), "done") << "one of the two goes on";
  MysqlConnection& loser = a_lost ? a : b;
  EXPECT_FALSE(loser.is_broken());
  EXPECT_TRUE(loser.in_transaction()) << "an error does not tell: say ROLLBACK";
  EXPECT_TRUE(loser.run("ROLLBACK"));
  EXPECT_FALSE(loser.in_transaction());
}

TEST_F(MysqlFailures, lock_wait_timeout) {
  MysqlConnection a = database.open({.idle_transaction = std::chrono::seconds(60)});
  MysqlConnection b = database.open({.lock_wait = std::chrono::seconds(1)});
  ASSERT_TRUE(a.run("BEGIN; UPDATE t SET v = 1 WHERE id = 1"));
  EXPECT_EQ(words(b.run("BEGIN; UPDATE t SET v = 2 WHERE id = 2; UPDATE t SET v = 2 WHERE id = 1")),
            "1205 retry");
  EXPECT_TRUE(b.in_transaction()) << "only the statement was rolled back: say ROLLBACK";
  EXPECT_FALSE(b.is_broken());
}

TEST_F(MysqlFailures, changed_since_the_snapshot) {
  if (!database.root.is_on_mariadb()) GTEST_SKIP() << "innodb_snapshot_isolation is MariaDB's";
  MysqlConnection a = database.open();
  MysqlConnection b = database.open();
  ASSERT_TRUE(
      a.run("SET SESSION innodb_snapshot_isolation = ON;"
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
            "BEGIN; SELECT v FROM t"));
  ASSERT_TRUE(b.run("UPDATE t SET v = 2 WHERE id = 1"));
  EXPECT_EQ(words(a.run("UPDATE t SET v = 1 WHERE id = 1")), "1020 retry");
}

TEST_F(MysqlFailures, a_row_that_is_there_already) {
  MysqlConnection connection = database.open();
  EXPECT_EQ(words(connection.run("INSERT INTO t VALUES (1, 1)")), "1062 duplicate");
  EXPECT_FALSE(connection.is_broken());
}

TEST_F(MysqlFailures, a_full_table) {
  MysqlConnection connection = database.open();
  EXPECT_EQ(words(connection.run("SET SESSION max_heap_table_size = 16384;"
                                 "CREATE TABLE m (a CHAR(200)) ENGINE = MEMORY;"
                                 "INSERT INTO m SELECT seq FROM " +
                                 testing::numbers_to(1000))),
            "1114 disk");
}

TEST_F(MysqlFailures, a_statement_that_takes_too_long) {
  MysqlConnection connection = database.open();
  const bool is_mariadb = database.root.is_on_mariadb();
  const Answer answer = connection.run(
      is_mariadb ? "SET STATEMENT max_statement_time = 0.01 FOR SELECT SLEEP(20) FROM t"
                 : "SELECT /*+ MAX_EXECUTION_TIME(10) */ SLEEP(20) FROM t");
  EXPECT_EQ(words(answer), is_mariadb ? "1969 retry" : "3024 retry");
  EXPECT_TRUE(answer.error().commit_may_have_landed());
  EXPECT_FALSE(connection.is_broken());
}

TEST_F(MysqlFailures, a_server_that_takes_no_writes) {
  MysqlConnection connection = database.open();
  EXPECT_EQ(words(connection.run("START TRANSACTION READ ONLY; UPDATE t SET v = 1")),
            "1792 find_primary");
  MysqlConnection other = database.open();
  const Setting read_only(database.root, "read_only", "ON");
  const Answer refused = other.run("BEGIN; UPDATE t SET v = 1 WHERE id = 1; COMMIT");
  EXPECT_EQ(words(refused), "1290 find_primary");
  EXPECT_FALSE(refused.error().commit_may_have_landed());
  EXPECT_TRUE(other.is_broken()) << "alive, but of no use for writing";
}

TEST_F(MysqlFailures, a_replica_takes_no_writes) {
  auto replica = MysqlConnection::open(testing::replica_endpoint(), server_url().login);
  ASSERT_TRUE(replica);
  EXPECT_EQ(words(replica->run("CREATE TABLE t (a INT)")), "1290 find_primary");
}

TEST_F(MysqlFailures, a_session_that_was_ended_while_it_did_nothing) {
  MysqlConnection connection = database.open();
  end_session(connection);
  EXPECT_EQ(words(connection.run("UPDATE t SET v = 1")), "2013 unknown")
      << "the client cannot know that it was before";
  EXPECT_TRUE(connection.is_broken());
  EXPECT_EQ(words(connection.run("SELECT 1")), "2002 find_primary") << "not sent any more";
  EXPECT_FALSE(connection.ping());
}

// The text cannot even be sent: no reason to take it for done.
TEST_F(MysqlFailures, a_session_that_was_idle_for_too_long) {
  MysqlConnection connection = database.open();
  ASSERT_TRUE(connection.run("SET SESSION wait_timeout = 1"));
  database.root.wait_until(
      "SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT id FROM "
      "information_schema.processlist WHERE id = " +
      std::to_string(connection.id()) + ")");
  const Answer answer = connection.run("UPDATE t SET v = 1");
  EXPECT_EQ(words(answer), gone_for_idling());
  EXPECT_TRUE(connection.is_broken());
}

TEST_F(MysqlFailures, a_session_that_stood_still_in_a_transaction) {
  MysqlConnection connection = database.open();
  // MySQL gives it ten seconds.
  const std::chrono::seconds lock_wait(database.root.is_on_mariadb() ? 3 : 15);
  MysqlConnection other = database.open({.read = std::chrono::seconds(20), .lock_wait = lock_wait});
  ASSERT_TRUE(connection.run("BEGIN; UPDATE t SET v = 1 WHERE id = 1"));
  EXPECT_EQ(words(other.run("UPDATE t SET v = 2 WHERE id = 1")), "done") << "it has let go";
  EXPECT_EQ(words(connection.run("COMMIT")), gone_for_idling());
}

TEST_F(MysqlFailures, a_session_that_was_ended_in_a_query) {
  MysqlConnection connection = database.open();
  auto running = start(connection, "SELECT SLEEP(30)", "info LIKE 'SELECT SLEEP%'");
  end_session(connection);
  EXPECT_EQ(words(running.get()), "2013 unknown");
}

TEST_F(MysqlFailures, a_query_that_was_interrupted) {
  MysqlConnection connection = database.open();
  // Of several rows: where there is but one, MySQL takes the end of its sleep for the answer.
  auto running = start(connection, "SELECT SLEEP(30) FROM t", "info LIKE 'SELECT SLEEP%'");
  database.root.run("KILL QUERY " + std::to_string(connection.id()));
  EXPECT_EQ(words(running.get()), "1317 unknown");
  EXPECT_TRUE(connection.is_broken());
}

// The case for which `unknown` exists: the commit waits for the replica when its session is ended.
// Its client is told that the connection is lost, and it lands all the same, a moment later, on
// MySQL when the replica has it. Only a look that waits for the row's lock knows.
TEST_F(MysqlFailures, a_session_that_was_ended_in_a_commit_which_lands) {
  MysqlConnection connection = database.open();
  MysqlConnection looking = database.open();
  std::optional<testing::Frozen> replica("FIRSTCOME_TEST_MYSQL_REPLICA_PID");
  auto running = start(connection, "BEGIN; UPDATE t SET v = 7 WHERE id = 1; COMMIT",
                       "state LIKE '%semi-sync%'");
  end_session(connection);
  const Answer answer = running.get();
  if (!database.root.is_on_mariadb()) replica.reset();
  ASSERT_EQ(words(answer), "2013 unknown");
  EXPECT_EQ(answer.error().statement, 2U);
  EXPECT_TRUE(answer.error().commit_may_have_landed());
  auto found = looking.query("SELECT v FROM t WHERE id = 1 FOR UPDATE");
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_TRUE(found->next());
  EXPECT_EQ(found->text(0), "7");
}

// The server's way of saying the same of one statement: here it says that the commit took place.
// MySQL goes on waiting for the replica.
TEST_F(MysqlFailures, a_commit_that_was_interrupted) {
  MysqlConnection connection = database.open();
  std::optional<testing::Frozen> replica("FIRSTCOME_TEST_MYSQL_REPLICA_PID");
  auto running = start(connection, "BEGIN; UPDATE t SET v = 7 WHERE id = 1; COMMIT",
                       "state LIKE '%semi-sync%'");
  database.root.run("KILL QUERY " + std::to_string(connection.id()));
  if (!database.root.is_on_mariadb()) replica.reset();
  const Answer answer = running.get();
  EXPECT_TRUE(answer || answer.error().commit_may_have_landed()) << words(answer);
  EXPECT_EQ(v_of(1), "7");
}

TEST_F(MysqlFailures, a_server_that_does_not_answer) {
  MysqlConnection connection = database.open(impatient);
  const testing::Frozen server("FIRSTCOME_TEST_MYSQL_PID");
  EXPECT_EQ(words(connection.run("SELECT 1")), "2013 unknown");
  EXPECT_TRUE(connection.is_broken());
  MysqlLogin login = database.login();
  login.connect_timeout = std::chrono::seconds(1);
  const auto opened = MysqlConnection::open(server_url().primary, login, impatient);
  EXPECT_EQ(words(opened), "2003 find_primary") << "nothing was under way";
  EXPECT_EQ(to_error(opened.error(), "connect").code, ErrorCode::unavailable);
}

TEST_F(MysqlFailures, too_many_connections) {
  const Setting few(database.root, "max_connections", "10");
  std::vector<MysqlConnection> connections;
  MysqlResult<MysqlConnection> opened =
      MysqlConnection::open(server_url().primary, database.login());
  while (opened && connections.size() < 20) {
    connections.push_back(*std::move(opened));
    opened = MysqlConnection::open(server_url().primary, database.login());
  }
  EXPECT_EQ(words(opened), "1040 too_many_connections");
}

TEST_F(MysqlFailures, too_many_connections_of_one_user) {
  database.root.run(
      "CREATE USER 'few'@'127.0.0.1' WITH MAX_USER_CONNECTIONS 1;"
      "GRANT SELECT ON *.* TO 'few'@'127.0.0.1'");
  MysqlLogin login = database.login();
  login.user = "few";
  login.password = "";
  const auto first = MysqlConnection::open(server_url().primary, login);
  EXPECT_EQ(words(first), "connected");
  EXPECT_EQ(words(MysqlConnection::open(server_url().primary, login)), "1226 too_many_connections");
  database.root.run("DROP USER 'few'@'127.0.0.1'");
}

TEST_F(MysqlFailures, a_login_that_is_refused) {
  const MysqlEndpoint primary = server_url().primary;
  MysqlLogin login = database.login();
  login.password = "wrong";
  EXPECT_EQ(words(MysqlConnection::open(primary, login)), "1045 denied");
  login = database.login();
  login.user = "nobody";
  EXPECT_EQ(words(MysqlConnection::open(primary, login)), "1045 denied");
  login = database.login();
  login.database = "mysql";
  EXPECT_EQ(words(MysqlConnection::open(primary, login)), "1044 denied");
  login.database = server_url().login.database + "_none";
  EXPECT_EQ(words(MysqlConnection::open(primary, login)), "1049 denied");
}

TEST_F(MysqlFailures, a_privilege_that_is_missing) {
  database.root.run(
      "CREATE USER 'reader'@'127.0.0.1';"
      "GRANT SELECT ON *.* TO 'reader'@'127.0.0.1'");
  MysqlLogin login = database.login();
  login.user = "reader";
  login.password = "";
  auto reader = MysqlConnection::open(server_url().primary, login);
  ASSERT_TRUE(reader);
  EXPECT_EQ(words(reader->run("INSERT INTO t VALUES (3, 0)")), "1142 denied");
  EXPECT_EQ(words(reader->run("SET GLOBAL sync_binlog = 0")), "1227 denied");
  database.root.run("DROP USER 'reader'@'127.0.0.1'");
}

TEST_F(MysqlFailures, nobody_there) {
  EXPECT_EQ(words(MysqlConnection::open({"127.0.0.1", 1}, database.login())), "2002 find_primary");
  EXPECT_EQ(words(MysqlConnection::open({"no-such-host.invalid", 3306}, database.login())),
            "2005 find_primary");
}

// The test's server has no certificate. The library alone would go on in clear.
TEST_F(MysqlFailures, no_encryption_where_it_was_asked_for) {
  MysqlLogin login = database.login();
  for (const MysqlTls tls : {MysqlTls::on, MysqlTls::verify}) {
    login.tls = tls;
    EXPECT_EQ(words(MysqlConnection::open(server_url().primary, login)), "2026 find_primary");
  }
}

}  // namespace
}  // namespace firstcome
