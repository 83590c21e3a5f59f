#include "engines/support/mysql_server.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "core/check.hpp"

namespace firstcome::testing {
namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  CHECK(value != nullptr, "these tests run under tests/support/with_servers.py mariadb+replica");
  return value;
}

// Whether all threads stand: the signal reaches them one after the other.
bool has_stopped(int pid) {
  const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::ifstream file(task.path() / "stat");
    const std::string stat(std::istreambuf_iterator<char>(file), {});
    if (!stat.substr(stat.rfind(')') + 1).starts_with(" T")) return false;  // after the name
  }
  return true;
}

}  // namespace

MysqlUrl server_url() {
  const auto url = parse_mysql_url(environment("FIRSTCOME_TEST_MYSQL_URL"));
  CHECK(url.has_value(), "FIRSTCOME_TEST_MYSQL_URL is a URL");
  return *url;
}

MysqlEndpoint replica_endpoint() {
  const MysqlUrl url = server_url();
  CHECK(url.replicas.size() == 1, "with_servers.py was asked for mariadb+replica");
  return url.replicas.front();
}

void send_to_server(int signal) {
  CHECK(kill(std::stoi(environment("FIRSTCOME_TEST_MYSQL_PID")), signal) == 0, "kill");
}

Frozen::Frozen(const char* variable) : pid_(std::stoi(environment(variable))) {
  CHECK(kill(pid_, SIGSTOP) == 0, "SIGSTOP");
  while (!has_stopped(pid_)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

Frozen::~Frozen() {
  kill(pid_, SIGCONT);
}

Operator::Operator(const char* socket_variable) : handle_(mysql_init(nullptr)) {
  const std::string socket = environment(socket_variable);
  CHECK(mysql_real_connect(handle_, nullptr, "root", "", nullptr, 0, socket.c_str(),
                           CLIENT_MULTI_STATEMENTS) != nullptr,
        mysql_error(handle_));
}

Operator::~Operator() {
  mysql_close(handle_);
}

bool Operator::is_on_mariadb() const {
  return mariadb_connection(handle_) != 0;
}

void Operator::run(const std::string& sql) {
  static_cast<void>(ask(sql));
}

std::string Operator::ask(const std::string& sql) {
  std::string answer;
  CHECK(mysql_real_query(handle_, sql.data(), sql.size()) == 0, mysql_error(handle_));
  int state = 0;
  while (state == 0) {
    if (MYSQL_RES* const result = mysql_store_result(handle_)) {
      const MYSQL_ROW row = mysql_fetch_row(result);
      if (row != nullptr && row[0] != nullptr) answer = row[0];
      mysql_free_result(result);
    }
    state = mysql_next_result(handle_);
  }
  CHECK(state < 0, mysql_error(handle_));
  return answer;
}

void Operator::wait_until(const std::string& sql) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (ask(sql).empty()) {
    CHECK(std::chrono::steady_clock::now() < deadline, sql.c_str());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string semi_sync_prefix(const Operator& root) {
  return root.is_on_mariadb() ? "rpl_semi_sync_master" : "rpl_semi_sync_source";
}

std::string isolation_variable(const Operator& root) {
  return root.is_on_mariadb() ? "tx_isolation" : "transaction_isolation";
}

std::string numbers_to(int count) {
  return "(WITH RECURSIVE counting (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM counting WHERE "
         "seq < " +
         std::to_string(count) + ") SELECT seq FROM counting) AS numbers";
}

Setting::Setting(Operator& root, std::string name, const std::string& value)
    : root_(root), name_(std::move(name)), before_(root_.ask("SELECT @@GLOBAL." + name_)) {
  root_.run("SET GLOBAL " + name_ + " = " + value);
}

Setting::~Setting() {
  const bool is_number =
      !before_.empty() && before_.find_first_not_of("0123456789.") == std::string::npos;
  root_.run("SET GLOBAL " + name_ + " = " + (is_number ? before_ : "'" + before_ + "'"));
}

Database::Database() {
  static std::atomic<int> count{0};
  name_ =
      server_url().login.database + "_" + std::to_string(getpid()) + "_" + std::to_string(++count);
  root.run("CREATE DATABASE " + name_);
}

Database::~Database() {
  root.run("DROP DATABASE " + name_);
}

MysqlLogin Database::login() const {
  MysqlLogin login = server_url().login;
  login.database = name_;
  return login;
}

MysqlConnection Database::open(const MysqlTimeouts& timeouts) const {
  auto connection = MysqlConnection::open(server_url().primary, login(), timeouts);
  CHECK(connection.has_value(), connection.error().message.c_str());
  return *std::move(connection);
}

}  // namespace firstcome::testing
