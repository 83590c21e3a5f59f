#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "core/error.hpp"
#include "ledger/mysql/mysql_connection.hpp"

// The servers that share a ledger: each draws a number at its start and says from time to time that
// it is there, and up to which change of the campaigns it acts. All by the database's clock, so
// that no server's own clock matters. One thread.

namespace firstcome {

class MysqlNodes {
 public:
  // A server that has not been seen for this long has lost its leases.
  static constexpr std::chrono::milliseconds gone_after{2000};

  MysqlNodes();

  [[nodiscard]] std::uint64_t self() const { return self_; }

  // Enters this server, and clears away what others left long ago.
  [[nodiscard]] MysqlResult<void> enter(MysqlConnection& connection);

  // Says that this server is there and acts on all changes up to `change`; looks who else is there.
  [[nodiscard]] MysqlResult<void> beat(MysqlConnection& connection, std::uint64_t change);
  // Only looks.
  [[nodiscard]] MysqlResult<void> look(MysqlConnection& connection);

  // As of the last look.
  [[nodiscard]] bool is_there(std::uint64_t node) const { return there_.contains(node); }
  // Whether it is not there now: who was not at the last look may have come since. 0 is nobody.
  [[nodiscard]] bool is_gone(MysqlConnection& connection, std::uint64_t node);
  // Whether all others that are there act on this change.
  [[nodiscard]] bool all_act_on(std::uint64_t change) const;

  // Gives all leases up at once.
  void leave(MysqlConnection& connection);

 private:
  const std::uint64_t self_;
  std::map<std::uint64_t, std::uint64_t> there_;  // and up to which change each acts
};

}  // namespace firstcome
