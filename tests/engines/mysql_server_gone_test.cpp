#include <gtest/gtest.h>

#include <csignal>
#include <future>

#include "engines/support/mysql_server.hpp"
#include "ledger/mysql/mysql_connection.hpp"

// Tests that end the server: each has one of its own, see tests/CMakeLists.txt.

namespace firstcome {
namespace {

using testing::server_url;

// What a statement that was under way is told.
MysqlError ended_by(int signal) {
  testing::Operator root;
  auto connection = MysqlConnection::open(server_url().primary, server_url().login);
  EXPECT_TRUE(connection) << connection.error().message;
  // Of several rows: where there is but one, MySQL takes the end of its sleep for the answer.
  auto running = std::async(std::launch::async, [&] {
    return connection->run("SELECT SLEEP(60) FROM " + testing::numbers_to(2));
  });
  root.wait_until("SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'");
  testing::send_to_server(signal);
  const auto answer = running.get();
  EXPECT_FALSE(answer);
  EXPECT_TRUE(connection->is_broken());
  return answer ? MysqlError{} : answer.error();
}

TEST(MysqlServerGone, killed_in_a_query) {
  const MysqlError error = ended_by(SIGKILL);
  EXPECT_EQ(error.number, 2013U) << error.message;
  EXPECT_EQ(error.failure, MysqlFailure::unknown);
  const auto again = MysqlConnection::open(server_url().primary, server_url().login);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().failure, MysqlFailure::find_primary) << again.error().message;
}

TEST(MysqlServerGone, stopped_in_a_query) {
  const MysqlError error = ended_by(SIGTERM);
  EXPECT_TRUE(error.number == 1053 || error.number == 2013) << error.number;
  EXPECT_TRUE(error.commit_may_have_landed());
}

}  // namespace
}  // namespace firstcome
