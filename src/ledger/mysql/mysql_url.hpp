#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

// Where a MySQL or MariaDB ledger is and how to log in, as settings name it:
//
//   mysql://user:password@host:port/database?replica=host:port&replica=…&pool=8&…
//
// Parts are percent-decoded (RFC 3986, section 2.1), an IPv6 address stands in brackets, a missing
// port is 3306. Options, each at most once but `replica`:
//
//   pool=8                     connections to the primary, 1 to 1000
//   wait_ms=1000               how long a caller waits for one of them, 0 to 60000
//   connect_timeout_ms=3000    100 to 60000; the client library counts in seconds: rounded up
//   tls=off|on|verify          on: encrypted; verify: and the server's certificate and name checked
//   tls_ca=/path/ca.pem        the authorities to trust with tls=verify; else the system's
//   semi_sync=advised|required see mysql_checks.hpp
//
// Plain values.

namespace firstcome {

struct MysqlEndpoint {
  std::string host{};  // a name or an address, an IPv6 address without its brackets
  std::uint16_t port = 3306;

  [[nodiscard]] std::string str() const;  // "db1:3306", "[::1]:3306"
  friend bool operator==(const MysqlEndpoint&, const MysqlEndpoint&) = default;
};

enum class MysqlTls : std::uint8_t { off, on, verify };

// The same for the primary and its replicas.
struct MysqlLogin {
  std::string user{};
  std::string password{};
  std::string database{};
  MysqlTls tls = MysqlTls::off;
  std::string tls_ca{};  // empty: the system's
  std::chrono::milliseconds connect_timeout{3000};
  friend bool operator==(const MysqlLogin&, const MysqlLogin&) = default;
};

struct MysqlUrl {
  MysqlEndpoint primary{};
  std::vector<MysqlEndpoint> replicas{};
  MysqlLogin login{};
  std::size_t pool = 8;
  std::chrono::milliseconds wait{1000};
  bool semi_sync_required = false;

  // For people: as it could be given again, but with the password shown as ***.
  [[nodiscard]] std::string str() const;
  friend bool operator==(const MysqlUrl&, const MysqlUrl&) = default;
};

// Error: invalid, field "ledger", which says what is wrong and where. No error shows the password.
[[nodiscard]] Result<MysqlUrl> parse_mysql_url(std::string_view text);

}  // namespace firstcome
