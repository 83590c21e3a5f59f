#include "ledger/mysql/mysql_meta.hpp"

#include "ledger/mysql/mysql_text.hpp"

namespace firstcome {
namespace {

std::string insert(std::string_view name, std::string_view value) {
  std::string sql = "INSERT INTO meta (name, value) VALUES (";
  append_quoted(sql, name);
  sql += ", ";
  append_quoted(sql, value);
  return sql + ")";
}

}  // namespace

MysqlResult<std::optional<std::string>> find_meta(MysqlConnection& connection,
                                                  std::string_view name) {
  std::string sql = "SELECT value FROM meta WHERE name = ";
  append_quoted(sql, name);
  auto rows = connection.query(sql);
  if (!rows) return std::unexpected(rows.error());
  if (!rows->next()) return std::nullopt;
  return std::string(rows->text(0));
}

MysqlResult<void> propose_meta(MysqlConnection& connection, std::string_view name,
                               std::string_view value) {
  const auto done = connection.run(insert(name, value));
  if (done || done.error().failure == MysqlFailure::duplicate) return {};
  return std::unexpected(done.error());
}

MysqlResult<void> set_meta(MysqlConnection& connection, std::string_view name,
                           std::string_view value) {
  std::string sql = insert(name, value) + " ON DUPLICATE KEY UPDATE value = ";
  append_quoted(sql, value);
  const auto done = connection.run(sql);
  if (!done) return std::unexpected(done.error());
  return {};
}

}  // namespace firstcome
