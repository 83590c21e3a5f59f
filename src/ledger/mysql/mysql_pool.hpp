#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
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
// until a pause is over that doubles up to a limit; callers who could wait only for that fail at
// once with the reason of the last attempt. Any thread may call anything.

namespace firstcome {

struct MysqlPoolOptions {
  std::string name{};  // the metrics' label `pool`
  std::size_t size = 8;
  std::chrono::milliseconds wait{1000};
  std::chrono::milliseconds ping_after{5000};
  std::chrono::milliseconds pause_min{100};
  std::chrono::milliseconds pause_max{5000};
};

class MysqlPool;

// A connection on loan; goes back at the end of its life. One found in a transaction is rolled back
// first.
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
  MysqlLease(MysqlPool& pool, std::unique_ptr<MysqlConnection> connection)
      : pool_(&pool), connection_(std::move(connection)) {}
  void give_back();

  MysqlPool* pool_;
  std::unique_ptr<MysqlConnection> connection_;  // null once moved from
};

class MysqlPool {
 public:
  // Called without the pool's lock, by the thread that takes.
  using Open = std::function<MysqlResult<MysqlConnection>()>;

  // `clock` and `metrics` outlive the pool.
  MysqlPool(MysqlPoolOptions options, Open open, const Clock& clock, Metrics& metrics);
  MysqlPool(const MysqlPool&) = delete;
  MysqlPool& operator=(const MysqlPool&) = delete;
  ~MysqlPool();  // every lease has ended

  // Error: timeout when none came free within the limit; as opening failed otherwise (unavailable,
  // invalid for a wrong login).
  [[nodiscard]] Result<MysqlLease> take();

  // Throws away the idle connections, and those on loan when they come back: for when they may lead
  // to a server that is no longer the primary.
  void renew();

 private:
  friend class MysqlLease;
  struct Waiter;
  struct Idle;
  struct Figures;

  void put_back(std::unique_ptr<MysqlConnection> connection);

  const MysqlPoolOptions options_;
  const Open open_;
  const Clock& clock_;
  const std::shared_ptr<Figures> figures_;  // also read by the metrics, which may live longer
  std::mutex mutex_;
};

}  // namespace firstcome
