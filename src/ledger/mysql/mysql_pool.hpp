#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "ledger/mysql/mysql_connection.hpp"
#include "observe/metrics.hpp"

// A bounded number of connections to one server, opened when they are needed. Whoever finds none
// free waits in line, first come first served, up to a limit. A connection that broke is thrown
// away; one that was idle for long is asked first whether it still lives.
//
// While the server cannot be reached, one attempt is made at a time, and after a failed one none
// until a pause is over that doubles up to a limit. Callers wait for connections that are on loan,
// but not for a pause: with none on loan they fail at once with the reason of the last attempt.
//
// Any thread may call anything. `wait` bounds the time in line; opening takes its own time.

namespace firstcome {

struct MysqlPoolOptions {
  std::string name{};    // the metrics' label `pool`
  std::string server{};  // what messages call it: "db1:3306"
  // Who takes first ends the start with the reason, so the log need not hear it as well.
  bool is_needed_at_start = false;
  std::size_t size = 8;
  std::chrono::milliseconds wait{1000};
  std::chrono::milliseconds ping_after{5000};
  std::chrono::milliseconds pause_min{100};
  std::chrono::milliseconds pause_max{5000};
};

class MysqlPool;

// A connection on loan; goes back at the end of its life. One found in a transaction is rolled back
// then. Used by one thread at a time.
class [[nodiscard]] MysqlLease {
 public:
  MysqlLease(MysqlLease&&) noexcept = default;
  MysqlLease& operator=(MysqlLease&& other) noexcept;
  MysqlLease(const MysqlLease&) = delete;
  MysqlLease& operator=(const MysqlLease&) = delete;
  ~MysqlLease();

  [[nodiscard]] MysqlConnection& operator*() const { return *connection_; }
  [[nodiscard]] MysqlConnection* operator->() const { return connection_.get(); }

 private:
  friend class MysqlPool;
  MysqlLease(MysqlPool& pool, std::unique_ptr<MysqlConnection> connection, std::uint64_t generation)
      : pool_(&pool), connection_(std::move(connection)), generation_(generation) {}

  MysqlPool* pool_;
  std::unique_ptr<MysqlConnection> connection_;  // null once moved from
  std::uint64_t generation_;
};

class MysqlPool {
 public:
  // Called without the pool's lock, on the thread that takes, by several at a time.
  using Open = std::function<MysqlResult<MysqlConnection>()>;

  // `clock` outlives the pool, and `metrics` too.
  MysqlPool(MysqlPoolOptions options, Open open, const Clock& clock, Metrics& metrics);
  MysqlPool(const MysqlPool&) = delete;
  MysqlPool& operator=(const MysqlPool&) = delete;
  ~MysqlPool();  // every lease has ended

  // Error: timeout when none came free within the limit; as opening failed otherwise (unavailable,
  // invalid for a wrong login).
  [[nodiscard]] Result<MysqlLease> take();

  // How many connections it has opened so far: a new one may lead to another server.
  [[nodiscard]] std::uint64_t opened() const { return opens_.value(); }

  // Throws away the idle connections, and those on loan when they come back, and ends a pause: for
  // when they may lead to a server that is no longer the primary.
  void renew();

 private:
  friend class MysqlLease;
  using Connection = std::unique_ptr<MysqlConnection>;

  struct Idle {
    Connection connection;
    Monotonic since;
  };
  struct Waiter;
  struct Figures;  // what the metrics read; they may live longer than the pool

  enum class Place : std::uint8_t { back, front };

  // Returns when it is the waiter's turn, or nobody can say when it will be, or at the deadline.
  void wait_in_line(Waiter& waiter, Place place, std::chrono::steady_clock::time_point deadline);
  // What the turn comes to; null when it came to nothing, and the waiter has to wait again.
  [[nodiscard]] Connection use_turn(Waiter& waiter);
  [[nodiscard]] Connection open_one();
  void put_back(Connection connection, std::uint64_t generation);

  // With the lock held.
  void serve_line();
  [[nodiscard]] bool may_open() const;
  [[nodiscard]] bool is_hopeless() const;
  void note_failure(const MysqlError& error);
  [[nodiscard]] Error refusal() const;

  const MysqlPoolOptions options_;
  const Open open_;
  const Clock& clock_;
  const std::shared_ptr<Figures> figures_;
  Histogram& wait_seconds_;
  Counter& opens_;
  Counter& open_failures_;
  Counter& timeouts_;

  std::mutex mutex_;  // guards what follows
  std::list<Waiter*> line_;
  std::vector<Idle> idle_;        // the one used last is the last
  std::size_t open_count_ = 0;    // idle, on loan, or being opened
  std::uint64_t generation_ = 0;  // renew() makes a new one
  std::optional<Error> failure_;  // the last attempt's, until one succeeds
  bool was_reached_ = false;      // ever
  bool is_trying_ = false;        // after a failure: one attempt is under way
  Monotonic pause_{0};
  Monotonic pause_ends_{0};
};

}  // namespace firstcome
