#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "ledger/mysql/mysql_error.hpp"

struct st_mysql;
struct st_mysql_stmt;

// Many rows for one INSERT with a parameter a column, sent and executed at once: MariaDB's bulk
// protocol (COM_STMT_BULK_EXECUTE, https://mariadb.com/kb/en/com_stmt_bulk_execute). It spares the
// server to read numbers and quotes out of a text. MySQL has no such protocol.

namespace firstcome {

// The rows, by column: each row gives every column its value, in order. Bytes are not copied, they
// outlive this.
class MysqlBulkRows {
 public:
  explicit MysqlBulkRows(std::size_t columns) : columns_(columns) {}

  MysqlBulkRows& number(std::uint64_t value);
  MysqlBulkRows& bytes(std::string_view value);
  MysqlBulkRows& null();

  [[nodiscard]] std::size_t columns() const { return columns_.size(); }
  [[nodiscard]] std::size_t size() const { return columns_.back().nulls.size(); }

 private:
  friend class MysqlBulkInsert;
  // Numbers or bytes, never both; a NULL has a place in each.
  struct Column {
    bool is_bytes = false;
    std::vector<std::uint64_t> numbers{};
    std::vector<const char*> bytes{};
    std::vector<unsigned long> sizes{};
    std::vector<char> nulls{};
  };
  Column& next();

  std::vector<Column> columns_;
  std::size_t at_ = 0;
};

// The INSERT, known to the server of one connection. One thread at a time, the connection's. It may
// be destroyed after the connection.
class MysqlBulkInsert {
 public:
  // One round trip.
  [[nodiscard]] static MysqlResult<MysqlBulkInsert> prepare(st_mysql* connection,
                                                            std::string_view sql);

  // One round trip. All rows or, after an error, none, in the transaction that is under way.
  [[nodiscard]] MysqlResult<void> run(const MysqlBulkRows& rows);

 private:
  struct Close {
    void operator()(st_mysql_stmt* statement) const;
  };
  explicit MysqlBulkInsert(st_mysql_stmt* statement) : statement_(statement) {}
  [[nodiscard]] MysqlError failed() const;

  std::unique_ptr<st_mysql_stmt, Close> statement_;
};

// Whether the connection's server, and what stands before it, can do this.
[[nodiscard]] bool has_bulk(st_mysql* connection);

}  // namespace firstcome
