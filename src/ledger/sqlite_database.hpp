#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

// SQLite's C interface with owners and Results. Texts and blobs are bound without a copy: they must
// live until the step. One thread at a time for a database and its statements.

namespace firstcome {

// SQLite's result codes, as the callers here treat them: unavailable (busy, disk full, I/O),
// corrupt (SQLITE_CORRUPT, SQLITE_NOTADB), conflict (constraints).
[[nodiscard]] Error sqlite_error(sqlite3* database, const std::string& doing);

class SqliteStatement {
 public:
  SqliteStatement() = default;

  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view text);
  void bind_blob(int index, std::string_view bytes);
  void bind_null(int index);
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    value ? bind(index, *value) : bind_null(index);
  }

  // One row of the result: true when there is one. At the end, or on error, it is reset.
  [[nodiscard]] Result<bool> step();
  // For statements without a result.
  [[nodiscard]] Result<void> run();
  // Before reading the same query again when not every row was taken.
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;  // text or blob; valid until the next step
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteDatabase {
 public:
  enum class Access : std::uint8_t { read_write, read_only };

  // Opens the file; read_write makes it. Error: unavailable or corrupt, with the path.
  [[nodiscard]] static Result<SqliteDatabase> open(const std::string& path, Access access);

  [[nodiscard]] Result<SqliteStatement> prepare(std::string_view sql) const;
  // One or more statements whose rows nobody reads.
  [[nodiscard]] Result<void> execute(const std::string& sql) const;
  // The first column of the first row, as text.
  [[nodiscard]] Result<std::string> query_text(std::string_view sql) const;

  [[nodiscard]] sqlite3* handle() const { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit SqliteDatabase(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace firstcome
