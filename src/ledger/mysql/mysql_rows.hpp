#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

struct st_mysql_res;

// What one statement returned, all of it in memory. Independent of the connection it came from,
// which may go on to the next statement or be closed. One thread at a time.

namespace firstcome {

class MysqlRows {
 public:
  // Of a statement without a result set: `affected` is what it inserted, found to update, deleted.
  explicit MysqlRows(std::uint64_t affected) : affected_(affected) {}
  // Takes the result over.
  explicit MysqlRows(st_mysql_res* result);

  // Goes to the next row, at first to the first: false when there is none.
  [[nodiscard]] bool next();

  [[nodiscard]] std::size_t size() const;     // rows in all
  [[nodiscard]] std::size_t columns() const;  // 0: the statement has no result set
  [[nodiscard]] std::uint64_t affected() const { return affected_; }

  // Of the present row; columns from 0. Views are valid as long as this, or what it was moved to.
  // A number asked of NULL or of what is no such number fails a CHECK: the query is wrong.
  [[nodiscard]] bool is_null(std::size_t column) const;
  [[nodiscard]] std::string_view text(std::size_t column) const;  // also bytes; "" for NULL
  [[nodiscard]] std::int64_t integer(std::size_t column) const;
  [[nodiscard]] std::uint64_t natural(std::size_t column) const;  // BIGINT UNSIGNED
  [[nodiscard]] std::optional<std::string_view> text_or_null(std::size_t column) const;
  [[nodiscard]] std::optional<std::int64_t> integer_or_null(std::size_t column) const;
  [[nodiscard]] std::optional<std::uint64_t> natural_or_null(std::size_t column) const;

 private:
  struct Free {
    void operator()(st_mysql_res* result) const;
  };

  std::unique_ptr<st_mysql_res, Free> result_;
  char** row_ = nullptr;                    // owned by result_
  const unsigned long* lengths_ = nullptr;  // owned by result_
  std::uint64_t affected_ = 0;
};

}  // namespace firstcome
