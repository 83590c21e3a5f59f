#include "ledger/mysql/mysql_pool.hpp"

#include <gtest/gtest.h>

#include "unit/support/manual_clock.hpp"

// What the pool does while its server cannot be reached. With a server: tests/engines.

namespace firstcome {
namespace {

using namespace std::chrono_literals;

class MysqlPoolWithoutServer : public ::testing::Test {
 protected:
  // The error that take() gives now.
  [[nodiscard]] Error take() {
    const Result<MysqlLease> lease = pool.take();
    EXPECT_FALSE(lease);
    return lease ? Error{} : lease.error();
  }

  [[nodiscard]] bool shows(const std::string& line) const {
    return ("\n" + metrics.text()).contains("\n" + line + "\n");
  }

  testing::ManualClock clock{};
  Metrics metrics{};
  MysqlError reason = make_mysql_error(2002, "HY000", "refused");
  int attempts = 0;
  MysqlPool pool{{.name = "primary",
                  .server = "db1:3306",
                  .size = 2,
                  .wait = 60s,
                  .pause_min = 100ms,
                  .pause_max = 1000ms},
                 [this]() -> MysqlResult<MysqlConnection> {
                   ++attempts;
                   return std::unexpected(reason);
                 },
                 clock,
                 metrics};
};

TEST_F(MysqlPoolWithoutServer, fails_at_once_with_the_reason) {
  const Error error = take();
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_EQ(
      error.message,
      "MySQL: cannot connect to the ledger at db1:3306: refused (error 2002); nothing answers "
      "there: is the server running, and are host and port right?");
}

TEST_F(MysqlPoolWithoutServer, says_that_the_login_is_wrong) {
  reason = make_mysql_error(1045, "28000", "Access denied");
  EXPECT_EQ(take().code, ErrorCode::invalid);
}

TEST_F(MysqlPoolWithoutServer, tries_again_after_a_pause_that_doubles_up_to_a_limit) {
  static_cast<void>(take());
  for (const auto pause : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    const int before = attempts;
    clock.advance(pause - 1ms);
    EXPECT_EQ(take().code, ErrorCode::unavailable);
    EXPECT_EQ(attempts, before) << "in the pause of " << pause.count() << " ms";
    clock.advance(1ms);
    static_cast<void>(take());
    EXPECT_EQ(attempts, before + 1);
  }
}

TEST_F(MysqlPoolWithoutServer, tells_the_newest_reason) {
  static_cast<void>(take());
  reason = make_mysql_error(1040, "08004", "Too many connections");
  EXPECT_TRUE(take().message.contains("refused"));
  clock.advance(100ms);
  EXPECT_TRUE(take().message.contains("Too many connections"));
}

TEST_F(MysqlPoolWithoutServer, tries_at_once_when_it_is_renewed) {
  static_cast<void>(take());
  clock.advance(100ms);
  static_cast<void>(take());
  pool.renew();
  static_cast<void>(take());
  EXPECT_EQ(attempts, 3);
  clock.advance(100ms);
  static_cast<void>(take());
  EXPECT_EQ(attempts, 4) << "the pauses begin anew";
}

TEST_F(MysqlPoolWithoutServer, counts_what_failed) {
  static_cast<void>(take());
  static_cast<void>(take());
  EXPECT_TRUE(shows("firstcome_ledger_pool_open_failures_total{pool=\"primary\"} 1"));
  EXPECT_TRUE(shows("firstcome_ledger_pool_opens_total{pool=\"primary\"} 0"));
  EXPECT_TRUE(shows("firstcome_ledger_pool_timeouts_total{pool=\"primary\"} 0"));
  EXPECT_TRUE(shows("firstcome_ledger_pool_in_use{pool=\"primary\"} 0"));
  EXPECT_TRUE(shows("firstcome_ledger_pool_waiting{pool=\"primary\"} 0"));
  EXPECT_TRUE(shows("firstcome_ledger_pool_size{pool=\"primary\"} 2"));
}

}  // namespace
}  // namespace firstcome
