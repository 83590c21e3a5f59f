#include "ledger/mysql/mysql_connection.hpp"

#include <mysql.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "ledger/mysql/mysql_text.hpp"

namespace firstcome {
namespace {

// A server with other wishes could ask the client for its password in clear.
constexpr const char* login_plugins =
    "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519,parsec";

// What run() adds to a text on its way: the command byte and the packets' headers.
constexpr std::size_t packet_overhead = 64;

void set(st_mysql* handle, mysql_option option, unsigned value) {
  mysql_options(handle, option, &value);
}

void set_flag(st_mysql* handle, mysql_option option, bool value) {
  const my_bool flag = value ? 1 : 0;
  mysql_options(handle, option, &flag);
}

unsigned seconds_up(std::chrono::milliseconds time) {
  return static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

void set_tls(st_mysql* handle, const MysqlLogin& login) {
  set_flag(handle, MYSQL_OPT_SSL_ENFORCE, login.tls != MysqlTls::off);
  // Set in every case: newer libraries verify unless they are told not to.
  set_flag(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, login.tls == MysqlTls::verify);
  if (!login.tls_ca.empty()) mysql_options(handle, MYSQL_OPT_SSL_CA, login.tls_ca.c_str());
}

// MySQL knows no limit for transactions alone: its one is longer than a pool leaves a connection
// unasked.
std::string idle_limit(const MysqlServer& server, const MysqlTimeouts& timeouts) {
  const std::string seconds = std::to_string(timeouts.idle_transaction.count());
  return server.is_mariadb ? "idle_transaction_timeout = " + seconds : "wait_timeout = 10";
}

std::string set_up_text(const MysqlServer& server, const MysqlTimeouts& timeouts) {
  const std::string lock_wait = std::to_string(timeouts.lock_wait.count());
  return "SET NAMES utf8mb4; "
         "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; "
         "SET SESSION autocommit = 1, completion_type = 0, time_zone = '+00:00', "
         "sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
         "innodb_lock_wait_timeout = " +
         lock_wait + ", lock_wait_timeout = " + lock_wait + ", " + idle_limit(server, timeouts) +
         (server.is_mariadb ? ", session_track_system_variables = 'last_gtid'"
                            : ", session_track_gtids = OWN_GTID") +
         "; SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', "
         "'transaction_isolation', 'autocommit', 'sql_mode', 'innodb_lock_wait_timeout', "
         "'character_set_client', 'max_allowed_packet')";
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

// Whether a session variable has the value that set_up_text() gave it.
bool is_as_set(const std::string& name, std::string_view value, const MysqlTimeouts& timeouts) {
  if (name.ends_with("_isolation")) return value == "READ-COMMITTED";
  if (name == "autocommit") return value == "ON";
  if (name == "character_set_client") return value == "utf8mb4";
  if (name == "innodb_lock_wait_timeout")
    return value == std::to_string(timeouts.lock_wait.count());
  if (name == "sql_mode") {
    return value.contains("STRICT_ALL_TABLES") && !value.contains("NO_BACKSLASH_ESCAPES");
  }
  return true;
}

}  // namespace

MysqlConnection::MysqlConnection(MysqlEndpoint endpoint)
    : handle_(mysql_init(nullptr)), endpoint_(std::move(endpoint)) {}

void MysqlConnection::Close::operator()(st_mysql* handle) const {
  mysql_close(handle);
}

MysqlResult<MysqlConnection> MysqlConnection::open(const MysqlEndpoint& endpoint,
                                                   const MysqlLogin& login,
                                                   const MysqlTimeouts& timeouts) {
  static std::once_flag once;
  std::call_once(once, [] { mysql_server_init(0, nullptr, nullptr); });
  MysqlConnection connection(endpoint);
  if (auto ok = connection.connect(login, timeouts); !ok) return std::unexpected(ok.error());
  if (auto ok = connection.set_up(timeouts); !ok) return std::unexpected(ok.error());
  return connection;
}

MysqlResult<void> MysqlConnection::connect(const MysqlLogin& login, const MysqlTimeouts& timeouts) {
  st_mysql* const handle = handle_.get();
  set(handle, MYSQL_OPT_PROTOCOL, MYSQL_PROTOCOL_TCP);  // also for the host "localhost"
  set(handle, MYSQL_OPT_CONNECT_TIMEOUT, seconds_up(login.connect_timeout));
  set(handle, MYSQL_OPT_READ_TIMEOUT, seconds_up(timeouts.read));
  set(handle, MYSQL_OPT_WRITE_TIMEOUT, seconds_up(timeouts.write));
  set(handle, MYSQL_OPT_LOCAL_INFILE, 0);  // a server must not read this machine's files
  set_flag(handle, MYSQL_OPT_RECONNECT, false);
  mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(handle, MARIADB_OPT_RESTRICTED_AUTH, login_plugins);
  mysql_options4(handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "firstcome");
  set_tls(handle, login);
  if (mysql_real_connect(handle, endpoint_.host.c_str(), login.user.c_str(), login.password.c_str(),
                         login.database.c_str(), endpoint_.port, nullptr,
                         CLIENT_MULTI_STATEMENTS | CLIENT_FOUND_ROWS) == nullptr) {
    MysqlError error = failed();
    if (error.failure != MysqlFailure::unknown) return std::unexpected(std::move(error));
    // Nothing was under way yet: somebody listens there, but does not answer.
    return std::unexpected(make_mysql_error(2003, error.sqlstate, error.message));
  }
  // The library goes on without encryption where the server offers none.
  if (login.tls != MysqlTls::off && mysql_get_ssl_cipher(handle) == nullptr) {
    return std::unexpected(make_mysql_error(2026, "HY000", "the server offers no TLS"));
  }
  server_.is_mariadb = mariadb_connection(handle) != 0;
  server_.version = static_cast<unsigned>(mysql_get_server_version(handle));
  server_.text =
      std::string(server_.is_mariadb ? "MariaDB " : "MySQL ") + mysql_get_server_info(handle);
  has_bulk_ = firstcome::has_bulk(handle);
  return {};
}

MysqlResult<void> MysqlConnection::set_up(const MysqlTimeouts& timeouts) {
  text_size_max_ = 16 * 1024;  // until the server has told
  MysqlResult<MysqlRows> variables = query(set_up_text(server_, timeouts));
  if (!variables) return std::unexpected(variables.error());
  while (variables->next()) {
    const std::string name = lower_case(variables->text(0));
    const std::string_view value = variables->text(1);
    if (!is_as_set(name, value, timeouts)) {
      return std::unexpected(
          make_mysql_error(0, "", "the server keeps " + name + " at '" + std::string(value) + "'"));
    }
    if (name == "max_allowed_packet") {
      text_size_max_ = static_cast<std::size_t>(variables->natural(1)) - packet_overhead;
    }
  }
  return {};
}

MysqlResult<std::vector<MysqlRows>> MysqlConnection::run(std::string_view sql) {
  if (broken_) return std::unexpected(broken());
  if (sql.size() > text_size_max_) {
    return std::unexpected(make_mysql_error(
        1153, "08S01", "a text of " + std::to_string(sql.size()) + " bytes was not sent"));
  }
  // What cannot be sent is -1 as well, which of the next results means that there is none.
  if (mysql_real_query(handle_.get(), sql.data(), sql.size()) != 0) {
    return std::unexpected(failed());
  }
  std::vector<MysqlRows> results;
  int state = 0;
  while (state == 0) {
    MysqlResult<MysqlRows> result = take_result();
    if (!result) {
      result.error().statement = results.size();
      return std::unexpected(std::move(result.error()));
    }
    results.push_back(*std::move(result));
    state = mysql_next_result(handle_.get());  // -1: that was the last
  }
  if (state < 0) return results;
  MysqlError error = failed();
  error.statement = results.size();
  return std::unexpected(std::move(error));
}

MysqlResult<MysqlRows> MysqlConnection::take_result() {
  note_gtid();
  if (st_mysql_res* result = mysql_store_result(handle_.get())) return MysqlRows(result);
  if (mysql_errno(handle_.get()) != 0) return std::unexpected(failed());
  return MysqlRows(std::uint64_t{mysql_affected_rows(handle_.get())});
}

MysqlResult<MysqlRows> MysqlConnection::query(std::string_view sql) {
  MysqlResult<std::vector<MysqlRows>> results = run(sql);
  if (!results) return std::unexpected(std::move(results.error()));
  return std::move(results->back());
}

MysqlResult<void> MysqlConnection::insert(const std::string& sql, const MysqlBulkRows& rows) {
  if (broken_) return std::unexpected(broken());
  auto found = inserts_.find(sql);
  if (found == inserts_.end()) {
    auto prepared = MysqlBulkInsert::prepare(handle_.get(), sql);
    if (!prepared) return std::unexpected(failed(std::move(prepared.error())));
    found = inserts_.emplace(sql, *std::move(prepared)).first;
  }
  auto done = found->second.run(rows);
  if (!done) return std::unexpected(failed(std::move(done.error())));
  return {};
}

MysqlResult<void> MysqlConnection::ping() {
  if (broken_) return std::unexpected(broken());
  if (mysql_ping(handle_.get()) == 0) return {};
  return std::unexpected(failed());
}

bool MysqlConnection::in_transaction() const {
  unsigned status = 0;
  mariadb_get_infov(handle_.get(), MARIADB_CONNECTION_SERVER_STATUS, &status);
  return (status & SERVER_STATUS_IN_TRANS) != 0;
}

std::uint64_t MysqlConnection::id() const {
  return mysql_thread_id(handle_.get());
}

MysqlError MysqlConnection::failed() {
  st_mysql* const handle = handle_.get();
  return failed(make_mysql_error(mysql_errno(handle), mysql_sqlstate(handle), mysql_error(handle)));
}

MysqlError MysqlConnection::failed(MysqlError error) {
  if (error.breaks_connection()) broken_ = true;
  return error;
}

MysqlError MysqlConnection::broken() {
  return make_mysql_error(2002, "08003", "the connection broke before");
}

// An OK packet tells what of the session changed: MySQL its GTID, MariaDB pairs of a system
// variable's name and value.
void MysqlConnection::note_gtid() {
  st_mysql* const handle = handle_.get();
  const char* data = nullptr;
  std::size_t size = 0;
  const auto type = server_.is_mariadb ? SESSION_TRACK_SYSTEM_VARIABLES : SESSION_TRACK_GTIDS;
  if (mysql_session_track_get_first(handle, type, &data, &size) != 0) return;
  if (!server_.is_mariadb) {
    last_gtid_.assign(data, size);
    return;
  }
  do {
    const bool is_gtid = std::string_view(data, size) == "last_gtid";
    if (mysql_session_track_get_next(handle, type, &data, &size) != 0) return;
    if (is_gtid) last_gtid_.assign(data, size);
  } while (mysql_session_track_get_next(handle, type, &data, &size) == 0);
}

std::string newest_gtid_query(const MysqlServer& server) {
  // Without GTIDs MySQL still knows those that it has had before.
  return server.is_mariadb ? "SELECT @@GLOBAL.gtid_binlog_pos"
                           : "SELECT IF(@@GLOBAL.gtid_mode LIKE 'ON%', @@GLOBAL.gtid_executed, '')";
}

std::string wait_for_gtid(const MysqlServer& server, std::string_view gtid,
                          std::chrono::milliseconds timeout) {
  if (gtid.empty()) return server.is_mariadb ? "SELECT 0" : "SELECT @@GLOBAL.gtid_mode <> 'ON'";
  std::string sql =
      server.is_mariadb ? "SELECT MASTER_GTID_WAIT(" : "SELECT WAIT_FOR_EXECUTED_GTID_SET(";
  append_quoted(sql, gtid);
  const std::string ms = std::to_string(timeout.count() % 1000);
  return sql.append(", ")
      .append(std::to_string(timeout.count() / 1000))
      .append(".")
      .append(3 - ms.size(), '0')
      .append(ms)
      .append(")");
}

}  // namespace firstcome
