#include "ledger/mysql/mysql_rows.hpp"

#include <mysql.h>

#include <charconv>

#include "core/check.hpp"

namespace firstcome {
namespace {

template <class Number>
Number parse(std::string_view text) {
  Number value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, value);
  CHECK(code == std::errc{} && rest == end, "a column was asked for a number it does not hold");
  return value;
}

}  // namespace

void MysqlRows::Free::operator()(st_mysql_res* result) const {
  mysql_free_result(result);
}

MysqlRows::MysqlRows(st_mysql_res* result) : result_(result) {
  CHECK(result != nullptr, "a result");
}

bool MysqlRows::next() {
  row_ = result_ ? mysql_fetch_row(result_.get()) : nullptr;
  lengths_ = row_ != nullptr ? mysql_fetch_lengths(result_.get()) : nullptr;
  return row_ != nullptr;
}

std::size_t MysqlRows::size() const {
  return result_ ? static_cast<std::size_t>(mysql_num_rows(result_.get())) : 0;
}

std::size_t MysqlRows::columns() const {
  return result_ ? mysql_num_fields(result_.get()) : 0;
}

bool MysqlRows::is_null(std::size_t column) const {
  CHECK(row_ != nullptr && column < columns(), "a column of a present row");
  return row_[column] == nullptr;
}

std::string_view MysqlRows::text(std::size_t column) const {
  if (is_null(column)) return {};
  return {row_[column], static_cast<std::size_t>(lengths_[column])};
}

std::int64_t MysqlRows::integer(std::size_t column) const {
  return parse<std::int64_t>(text(column));
}

std::uint64_t MysqlRows::natural(std::size_t column) const {
  return parse<std::uint64_t>(text(column));
}

std::optional<std::string_view> MysqlRows::text_or_null(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<std::int64_t> MysqlRows::integer_or_null(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::uint64_t> MysqlRows::natural_or_null(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return natural(column);
}

}  // namespace firstcome
