#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "ledger/mysql/mysql_connection.hpp"

// The servers that share a ledger: each draws a number at its start and says from time to time that
// it is there, and up to which change of the campaigns it acts. It writes down the database's time,
// but who looks counts how long that has not moved by his own monotonic clock: so neither the
// database's clock nor anybody's time of day can make one that is there look gone, or the other way
// round. Only of those that he sees for the first time does the database's clock tell. One thread.

namespace firstcome {

class MysqlNodes {
 public:
  // A server whose time has not moved for this long has lost its leases.
  static constexpr std::chrono::milliseconds gone_after{2000};

  explicit MysqlNodes(const Clock& clock);  // outlives this

  [[nodiscard]] std::uint64_t self() const { return self_; }

  // Enters this server, and clears away what others left long ago.
  [[nodiscard]] MysqlResult<void> enter(MysqlConnection& connection);

  // Says that this server is there and acts on all changes up to `change`; looks who else is there.
  [[nodiscard]] MysqlResult<void> beat(MysqlConnection& connection, std::uint64_t change);
  // Only looks.
  [[nodiscard]] MysqlResult<void> look(MysqlConnection& connection);

  // As of the last look.
  [[nodiscard]] bool is_there(std::uint64_t node) const;
  // Whether it is not there now: who was not at the last look may have come since. 0 is nobody.
  [[nodiscard]] bool is_gone(MysqlConnection& connection, std::uint64_t node);
  // Whether all others that are there act on this change.
  [[nodiscard]] bool all_act_on(std::uint64_t change) const;

  // Gives all leases up at once.
  void leave(MysqlConnection& connection) const;

 private:
  struct Seen {
    std::int64_t seen_at = 0;  // by the database's clock
    Monotonic moved_at{};      // when that was new
    std::uint64_t change = 0;  // up to which it acts
    bool is_there = false;
  };

  const Clock& clock_;
  const std::uint64_t self_;
  std::map<std::uint64_t, Seen> seen_;  // at the last look
};

}  // namespace firstcome
