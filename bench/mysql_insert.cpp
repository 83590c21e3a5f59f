#include <mysql.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/check.hpp"
#include "ledger/mysql/mysql_connection.hpp"
#include "ledger/mysql/mysql_schema.hpp"
#include "ledger/mysql/mysql_text.hpp"

// How a batch of coupons gets into MariaDB fastest: one INSERT with many rows as text, or one
// prepared INSERT executed over an array (the library's bulk interface). Run it as
//
//   tests/support/with_servers.py mariadb -- firstcome_mysql_insert [ROWS_A_TRANSACTION]

namespace firstcome {
namespace {

constexpr int transactions = 200;

struct Row {
  std::uint32_t rank;
  std::string user;
  std::array<char, 10> code;
};

std::vector<Row> rows_of(int transaction, std::size_t count) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < count; ++i) {
    const auto rank = static_cast<std::uint32_t>(static_cast<std::size_t>(transaction) * count + i);
    Row row{.rank = rank, .user = "user-" + std::to_string(rank * 2654435761U), .code = {}};
    for (std::size_t k = 0; k < row.code.size(); ++k) {
      row.code[k] = static_cast<char>((rank * 2654435761U) >> (k * 3));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// One round trip: BEGIN, INSERT, COMMIT.
void insert_text(MysqlConnection& connection, const std::vector<Row>& rows) {
  std::string sql =
      "BEGIN; INSERT INTO coupons (campaign, `rank`, user, nth, code, issued_at, epoch, ticket) "
      "VALUES ";
  for (const Row& row : rows) {
    sql.append("(1,").append(std::to_string(row.rank)).append(",");
    append_quoted(sql, row.user);
    sql.append(",1,");
    append_quoted(sql, {row.code.data(), row.code.size()});
    sql.append(",1795348800000,1,").append(std::to_string(row.rank)).append("),");
  }
  sql.back() = ';';
  const auto done = connection.run(sql + "COMMIT");
  CHECK(done.has_value(), done.error().message.c_str());
}

// The library's own connection: MysqlConnection has no prepared statements.
class Bulk {
 public:
  explicit Bulk(const MysqlUrl& url) : handle_(mysql_init(nullptr)) {
    CHECK(mysql_real_connect(handle_, url.primary.host.c_str(), url.login.user.c_str(),
                             url.login.password.c_str(), url.login.database.c_str(),
                             url.primary.port, nullptr, 0) != nullptr,
          mysql_error(handle_));
    const std::string sql =
        "INSERT INTO coupons (campaign, `rank`, user, nth, code, issued_at, epoch, ticket) VALUES "
        "(1, ?, ?, 1, ?, 1795348800000, 1, ?)";
    statement_ = mysql_stmt_init(handle_);
    CHECK(mysql_stmt_prepare(statement_, sql.data(), sql.size()) == 0, mysql_error(handle_));
  }
  Bulk(const Bulk&) = delete;
  Bulk& operator=(const Bulk&) = delete;
  ~Bulk() {
    mysql_stmt_close(statement_);
    mysql_close(handle_);
  }

  // Three round trips.
  void insert(const std::vector<Row>& rows) {
    std::vector<std::uint32_t> ranks;
    std::vector<std::uint64_t> tickets;
    std::vector<const char*> users;
    std::vector<const char*> codes;
    std::vector<unsigned long> user_sizes;
    std::vector<unsigned long> code_sizes;
    for (const Row& row : rows) {
      ranks.push_back(row.rank);
      tickets.push_back(row.rank);
      users.push_back(row.user.data());
      user_sizes.push_back(row.user.size());
      codes.push_back(row.code.data());
      code_sizes.push_back(row.code.size());
    }
    std::array<MYSQL_BIND, 4> binds{};
    binds[0].buffer_type = MYSQL_TYPE_LONG;
    binds[0].buffer = ranks.data();
    binds[0].is_unsigned = 1;
    binds[1].buffer_type = MYSQL_TYPE_BLOB;
    binds[1].buffer = users.data();
    binds[1].length = user_sizes.data();
    binds[2].buffer_type = MYSQL_TYPE_BLOB;
    binds[2].buffer = codes.data();
    binds[2].length = code_sizes.data();
    binds[3].buffer_type = MYSQL_TYPE_LONGLONG;
    binds[3].buffer = tickets.data();
    binds[3].is_unsigned = 1;
    unsigned count = static_cast<unsigned>(rows.size());
    mysql_stmt_attr_set(statement_, STMT_ATTR_ARRAY_SIZE, &count);
    CHECK(mysql_stmt_bind_param(statement_, binds.data()) == 0, mysql_stmt_error(statement_));
    CHECK(mysql_query(handle_, "BEGIN") == 0, mysql_error(handle_));
    CHECK(mysql_stmt_execute(statement_) == 0, mysql_stmt_error(statement_));
    CHECK(mysql_query(handle_, "COMMIT") == 0, mysql_error(handle_));
  }

 private:
  MYSQL* handle_;
  MYSQL_STMT* statement_ = nullptr;
};

template <class Insert>
void measure(const char* name, MysqlConnection& connection, std::size_t count, Insert insert) {
  CHECK(connection.run("TRUNCATE TABLE coupons").has_value(), "TRUNCATE");
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < transactions; ++i) insert(rows_of(i, count));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%-5s %8.0f rows/s  %6.2f ms a transaction\n", name,
              static_cast<double>(count) * transactions / took.count(),
              took.count() * 1000 / transactions);
}

int run(std::size_t count) {
  const char* const text = std::getenv("FIRSTCOME_TEST_MYSQL_URL");
  CHECK(text != nullptr, "run it under tests/support/with_servers.py mariadb");
  const MysqlUrl url = parse_mysql_url(text).value();
  auto connection = MysqlConnection::open(url.primary, url.login);
  CHECK(connection.has_value(), connection.error().message.c_str());
  CHECK(prepare_schema(*connection, true).has_value(), "the schema");
  Bulk bulk(url);
  for (int round = 0; round < 3; ++round) {
    measure("text", *connection, count, [&](const auto& rows) { insert_text(*connection, rows); });
    measure("bulk", *connection, count, [&](const auto& rows) { bulk.insert(rows); });
  }
  return 0;
}

}  // namespace
}  // namespace firstcome

int main(int count, char** arguments) {
  return firstcome::run(count > 1 ? std::stoul(arguments[1]) : 1000);
}
