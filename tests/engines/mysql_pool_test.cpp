#include "ledger/mysql/mysql_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <sstream>
#include <thread>

#include "engines/support/mysql_server.hpp"
#include "unit/support/manual_clock.hpp"

namespace firstcome {
namespace {

using namespace std::chrono_literals;
using testing::Database;
using testing::server_url;

class MysqlPools : public ::testing::Test {
 protected:
  [[nodiscard]] MysqlPool make(const MysqlPoolOptions& options) {
    return {options,
            [this] { return MysqlConnection::open(server_url().primary, database.login()); }, clock,
            metrics};
  }

  // The value that the metrics show of firstcome_ledger_pool_<name>.
  [[nodiscard]] double figure(const std::string& name) const {
    std::istringstream lines(metrics.text());
    const std::string series = "firstcome_ledger_pool_" + name + "{pool=\"p\"} ";
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(series)) return std::stod(line.substr(series.size()));
    }
    return -1;
  }

  void wait_until_in_line(int count) const {
    while (figure("waiting") != count) std::this_thread::yield();
  }

  void end_session(std::uint64_t id) {
    database.root.run("KILL CONNECTION " + std::to_string(id));
    database.root.wait_until(
        "SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT id FROM "
        "information_schema.processlist WHERE id = " +
        std::to_string(id) + ")");
  }

  Database database{};
  testing::ManualClock clock{};
  Metrics metrics{};
};

TEST_F(MysqlPools, lend_what_they_have_and_open_no_more) {
  MysqlPool pool = make({.name = "p", .server = "db", .size = 2, .wait = 0ms});
  std::uint64_t first = 0;
  {
    const auto a = pool.take();
    const auto b = pool.take();
    ASSERT_TRUE(a && b);
    EXPECT_NE((*a)->id(), (*b)->id());
    first = (*a)->id();
    EXPECT_EQ(figure("in_use"), 2);
    const auto c = pool.take();
    ASSERT_FALSE(c);
    EXPECT_EQ(c.error().code, ErrorCode::timeout);
    EXPECT_EQ(c.error().message,
              "none of the 2 connections to the ledger at db came free within 0 ms: raise pool= in "
              "its URL if this lasts");
  }
  EXPECT_EQ(figure("in_use"), 0);
  const auto again = pool.take();
  EXPECT_EQ((*again)->id(), first) << "the one that came back last";
  EXPECT_EQ(figure("opens_total"), 2);
  EXPECT_EQ(figure("timeouts_total"), 1);
  EXPECT_EQ(figure("wait_seconds_count"), 3);
}

TEST_F(MysqlPools, wait_up_to_the_limit) {
  MysqlPool pool = make({.name = "p", .server = "db", .size = 1, .wait = 20ms});
  const auto lease = pool.take();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(pool.take().error().code, ErrorCode::timeout);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST_F(MysqlPools, serve_in_the_order_of_asking) {
  MysqlPool pool = make({.name = "p", .server = "db", .size = 1, .wait = 60s});
  constexpr int callers = 8;
  std::vector<int> served;  // whoever has the only lease may change it
  std::vector<std::thread> threads;
  {
    const auto lease = pool.take();
    ASSERT_TRUE(lease);
    for (int i = 0; i < callers; ++i) {
      threads.emplace_back([&, i] {
        const auto mine = pool.take();
        ASSERT_TRUE(mine);
        served.push_back(i);
      });
      wait_until_in_line(i + 1);
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served.size(), callers);
  EXPECT_TRUE(std::ranges::is_sorted(served));
  EXPECT_EQ(figure("opens_total"), 1);
}

TEST_F(MysqlPools, replace_a_connection_that_broke) {
  MysqlPool pool = make({.name = "p", .server = "db", .size = 1, .wait = 0ms});
  std::uint64_t first = 0;
  {
    const auto lease = pool.take();
    ASSERT_TRUE(lease);
    first = (*lease)->id();
    end_session(first);
    EXPECT_FALSE((*lease)->run("SELECT 1"));
  }
  const auto lease = pool.take();
  ASSERT_TRUE(lease);
  EXPECT_NE((*lease)->id(), first);
  EXPECT_TRUE((*lease)->ping());
}

TEST_F(MysqlPools, ask_one_that_was_idle_for_long_whether_it_lives) {
  MysqlPool pool = make({.name = "p", .server = "db", .size = 2, .wait = 0ms, .ping_after = 5s});
  std::vector<std::uint64_t> ids;
  {
    const auto a = pool.take();
    const auto b = pool.take();
    ids = {(*a)->id(), (*b)->id()};
  }
  for (const std::uint64_t id : ids) end_session(id);
  clock.advance(5s);
  const auto lease = pool.take();
  ASSERT_TRUE(lease);
  EXPECT_TRUE((*lease)->ping());
  EXPECT_EQ(figure("opens_total"), 3) << "a new one, and the other idle one is gone, too";
  EXPECT_TRUE(pool.take());
}

TEST_F(MysqlPools, leave_no_transaction_behind) {
  ASSERT_TRUE(database.open().run("CREATE TABLE t (a INT) ENGINE = InnoDB"));
  MysqlPool pool = make({.name = "p", .server = "db", .size = 1, .wait = 0ms});
  {
    const auto lease = pool.take();
    ASSERT_TRUE((*lease)->run("BEGIN; INSERT INTO t VALUES (1)"));
  }
  const auto lease = pool.take();
  EXPECT_FALSE((*lease)->in_transaction());
  EXPECT_EQ((*lease)->query("SELECT * FROM t")->size(), 0U);
  EXPECT_EQ(figure("opens_total"), 1);
}

TEST_F(MysqlPools, are_renewed_when_the_primary_may_be_another) {
  MysqlPool pool = make({.name = "p", .server = "db", .size = 2, .wait = 0ms});
  std::uint64_t idle = 0;
  std::uint64_t lent = 0;
  {
    const auto a = pool.take();
    {
      const auto b = pool.take();
      idle = (*b)->id();
    }
    lent = (*a)->id();
    pool.renew();
    EXPECT_TRUE((*a)->ping()) << "whoever has it may go on";
  }
  const auto a = pool.take();
  const auto b = pool.take();
  ASSERT_TRUE(a && b);
  for (const auto id : {(*a)->id(), (*b)->id()}) {
    EXPECT_NE(id, idle);
    EXPECT_NE(id, lent);
  }
}

TEST_F(MysqlPools, move_a_lease_from_hand_to_hand) {
  MysqlPool pool = make({.name = "p", .server = "db", .size = 2, .wait = 0ms});
  Result<MysqlLease> a = pool.take();
  Result<MysqlLease> b = pool.take();
  ASSERT_TRUE(a && b);
  *a = *std::move(b);
  {
    const MysqlLease c = *std::move(a);
  }
  EXPECT_EQ(figure("in_use"), 1) << "the one that was assigned away";
  b = pool.take();
  EXPECT_TRUE(b);
}

// The server is full: those who are in line wait for what the pool has, they do not fail.
TEST_F(MysqlPools, wait_for_a_loan_when_the_server_takes_no_more) {
  std::atomic<bool> is_full = false;
  MysqlPool pool(
      {.name = "p", .server = "db", .size = 8, .wait = 60s},
      [&] {
        return is_full ? MysqlResult<MysqlConnection>(std::unexpected(
                             make_mysql_error(1040, "08004", "Too many connections")))
                       : MysqlConnection::open(server_url().primary, database.login());
      },
      clock, metrics);
  std::thread other;
  {
    const auto lease = pool.take();
    ASSERT_TRUE(lease);
    is_full = true;
    other = std::thread([&] { EXPECT_TRUE(pool.take()); });
    while (figure("open_failures_total") < 1) std::this_thread::yield();
  }
  other.join();
  EXPECT_EQ(figure("opens_total"), 1);
}

// Many threads, sessions that are ended under them: nobody gets what another has, nobody hangs.
TEST_F(MysqlPools, hold_under_load_while_sessions_are_ended) {
  constexpr std::size_t size = 3;
  const SystemClock real_clock;
  MysqlPool pool(
      {.name = "p", .server = "db", .size = size, .wait = 60s, .ping_after = 0ms, .pause_min = 1ms},
      [this] { return MysqlConnection::open(server_url().primary, database.login()); }, real_clock,
      metrics);
  std::atomic<std::size_t> lent = 0;
  std::atomic<int> broken = 0;
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 12; ++seed) {
    threads.emplace_back([&, seed] {
      std::minstd_rand random(seed);
      for (int i = 0; i < 100; ++i) {
        const auto lease = pool.take();
        ASSERT_TRUE(lease) << lease.error().message;
        EXPECT_LE(++lent, size);
        const bool ends = random() % 20 == 0;  // it ends itself, which the server calls 1317 or so
        const auto done =
            (*lease)->run(ends ? "KILL CONNECTION CONNECTION_ID()" : "SELECT 1 FROM DUAL");
        broken += done ? 0 : 1;
        EXPECT_EQ(done.has_value(), !ends);
        --lent;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(broken, 0);
  EXPECT_EQ(figure("in_use"), 0);
  EXPECT_EQ(figure("waiting"), 0);
  EXPECT_LE(figure("opens_total"), static_cast<double>(size) + broken);
}

}  // namespace
}  // namespace firstcome
