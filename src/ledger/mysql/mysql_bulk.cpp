#include "ledger/mysql/mysql_bulk.hpp"

#include <mysql.h>

#include "core/check.hpp"

namespace firstcome {

MysqlBulkRows::Column& MysqlBulkRows::next() {
  Column& column = columns_[at_];
  at_ = (at_ + 1) % columns_.size();
  column.nulls.push_back(STMT_INDICATOR_NONE);
  return column;
}

MysqlBulkRows& MysqlBulkRows::number(std::uint64_t value) {
  Column& column = next();
  column.numbers.push_back(value);
  column.bytes.push_back(nullptr);
  column.sizes.push_back(0);
  return *this;
}

MysqlBulkRows& MysqlBulkRows::bytes(std::string_view value) {
  Column& column = next();
  column.is_bytes = true;
  column.numbers.push_back(0);
  column.bytes.push_back(value.data());
  column.sizes.push_back(value.size());
  return *this;
}

MysqlBulkRows& MysqlBulkRows::null() {
  Column& column = next();
  column.numbers.push_back(0);
  column.bytes.push_back("");
  column.sizes.push_back(0);
  column.nulls.back() = STMT_INDICATOR_NULL;
  return *this;
}

void MysqlBulkInsert::Close::operator()(st_mysql_stmt* statement) const {
  mysql_stmt_close(statement);
}

MysqlResult<MysqlBulkInsert> MysqlBulkInsert::prepare(st_mysql* connection, std::string_view sql) {
  MysqlBulkInsert insert(mysql_stmt_init(connection));
  CHECK(insert.statement_, "memory for a statement");
  if (mysql_stmt_prepare(insert.statement_.get(), sql.data(), sql.size()) != 0) {
    return std::unexpected(insert.failed());
  }
  return insert;
}

MysqlResult<void> MysqlBulkInsert::run(const MysqlBulkRows& rows) {
  CHECK(rows.at_ == 0, "the last row has all its columns");
  CHECK(mysql_stmt_param_count(statement_.get()) == rows.columns(), "a parameter a column");
  std::vector<MYSQL_BIND> binds(rows.columns());
  for (std::size_t i = 0; i < binds.size(); ++i) {
    // The library takes what it only reads by pointers to what it could write.
    auto& column = const_cast<MysqlBulkRows::Column&>(rows.columns_[i]);
    MYSQL_BIND& bind = binds[i];
    bind.buffer_type = column.is_bytes ? MYSQL_TYPE_BLOB : MYSQL_TYPE_LONGLONG;
    bind.buffer = column.is_bytes ? static_cast<void*>(column.bytes.data())
                                  : static_cast<void*>(column.numbers.data());
    bind.length = column.is_bytes ? column.sizes.data() : nullptr;
    bind.is_unsigned = 1;
    bind.u.indicator = column.nulls.data();
  }
  const auto count = static_cast<unsigned>(rows.size());
  if (mysql_stmt_attr_set(statement_.get(), STMT_ATTR_ARRAY_SIZE, &count) != 0 ||
      mysql_stmt_bind_param(statement_.get(), binds.data()) != 0 ||
      mysql_stmt_execute(statement_.get()) != 0) {
    return std::unexpected(failed());
  }
  return {};
}

MysqlError MysqlBulkInsert::failed() const {
  return make_mysql_error(mysql_stmt_errno(statement_.get()), mysql_stmt_sqlstate(statement_.get()),
                          mysql_stmt_error(statement_.get()));
}

bool has_bulk(st_mysql* connection) {
  unsigned long extended = 0;
  mariadb_get_infov(connection, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended);
  return mariadb_connection(connection) != 0 &&
         (extended & (MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32U)) != 0;
}

}  // namespace firstcome
