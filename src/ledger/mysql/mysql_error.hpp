#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

#include "core/error.hpp"

// What a MySQL or MariaDB server or the client library said went wrong, and what callers do about
// it. The numbers are the server's error codes (1000 and up; MySQL's from 3000) and the client's
// (2000 to 2999); both servers share them. Plain values.

namespace firstcome {

enum class MysqlFailure : std::uint8_t {
  retry,                 // deadlock, lock wait, statement out of time: ROLLBACK, then all again
  find_primary,          // nobody there, going down, or takes no writes: look for the primary
  unknown,               // broke while something was under way: at COMMIT, neither yes nor no
  too_many_connections,  // back off
  exhausted,             // the server is out of memory or of room for now: back off
  duplicate,             // a UNIQUE key says that it is there already
  too_large,             // over max_allowed_packet: split
  disk,                  // the server's disk or table is full: stop
  denied,                // the login or a privilege is missing: people must act
  other,                 // a wrong statement or value, say: nothing a driver could do
};

struct MysqlError {
  unsigned number = 0;
  std::string sqlstate{};
  std::string message{};  // the server's own words
  MysqlFailure failure = MysqlFailure::other;
  std::size_t statement = 0;  // which of the text's statements failed, from 0; later ones never ran

  // Whether a COMMIT in the failed text may have taken place: the connection was lost, or the
  // statement was killed or timed out, which the server can say after it has committed. Wider than
  // `unknown`: 1053, 1180, 1927, 1969, 3024, 3168 and 3169 count too. False: the server did not
  // commit.
  [[nodiscard]] bool commit_may_have_landed() const;
  // Whether the connection it came from must not be used again: it is dead, out of step, or leads
  // to a server that takes no writes.
  [[nodiscard]] bool breaks_connection() const;
};

template <class T>
using MysqlResult = std::expected<T, MysqlError>;

[[nodiscard]] MysqlFailure class_of(unsigned number) noexcept;
[[nodiscard]] const char* to_string(MysqlFailure failure) noexcept;

// A MysqlError with its class.
[[nodiscard]] MysqlError make_mysql_error(unsigned number, std::string sqlstate,
                                          std::string message);

// A sentence for people, "MySQL: cannot <doing>: …", with the server's words, the number, and what
// to change where that is known. Code: unknown for `unknown`, conflict for `duplicate`, invalid
// (field "ledger") for `denied` and an unknown host or database, corrupt where the server says so
// of its data, else unavailable.
[[nodiscard]] Error to_error(const MysqlError& error, const std::string& doing);

// The same for what only read: nothing was done, so `unknown` is unavailable too.
[[nodiscard]] Error to_read_error(const MysqlError& error, const std::string& doing);

}  // namespace firstcome
