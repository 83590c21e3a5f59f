#pragma once

#include <mysql.h>

#include <string>

#include "ledger/mysql/mysql_connection.hpp"

// The MariaDB or MySQL that tests/support/with_servers.py started, as a test sees it: from the
// ledger's side by its URL, and from its operator's side by root's socket.

namespace firstcome::testing {

// The URL given in the environment; the test ends without it.
[[nodiscard]] MysqlUrl server_url();
[[nodiscard]] MysqlEndpoint replica_endpoint();

void send_to_server(int signal);

// A process of with_servers.py that does nothing as long as this lives.
class Frozen {
 public:
  // `variable` is the environment's variable that holds the process id.
  explicit Frozen(const char* variable);
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  ~Frozen();

 private:
  int pid_;
};

// root, who sets up what a test needs. A statement that fails ends the test program.
class Operator {
 public:
  explicit Operator(const char* socket_variable = "FIRSTCOME_TEST_MYSQL_ADMIN_SOCKET");
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  ~Operator();

  [[nodiscard]] bool is_on_mariadb() const;

  void run(const std::string& sql);
  // The first column of the first row; "" when there is none or it is NULL.
  [[nodiscard]] std::string ask(const std::string& sql);
  // Returns when the statement's answer is no longer empty.
  void wait_until(const std::string& sql);

 private:
  MYSQL* handle_;
};

// What MariaDB and MySQL have other words for: begins the names of the primary's variables for
// semi-synchronous replication, names the variable for the isolation level.
[[nodiscard]] std::string semi_sync_prefix(const Operator& root);
[[nodiscard]] std::string isolation_variable(const Operator& root);

// "(SELECT …) AS numbers": a table whose column seq holds 1 to count, which is at most 1,000.
[[nodiscard]] std::string numbers_to(int count);

// Sets a global variable, and back at the end.
class Setting {
 public:
  Setting(Operator& root, std::string name, const std::string& value);
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;
  ~Setting();

 private:
  Operator& root_;
  std::string name_;
  std::string before_;
};

// A database of a test's own, empty at first, gone at the end.
class Database {
 public:
  Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  [[nodiscard]] MysqlLogin login() const;
  [[nodiscard]] const std::string& name() const { return name_; }
  // A session there. It ends the test program when there is none to be had.
  [[nodiscard]] MysqlConnection open(const MysqlTimeouts& timeouts = {}) const;

  Operator root{};

 private:
  std::string name_;
};

}  // namespace firstcome::testing
