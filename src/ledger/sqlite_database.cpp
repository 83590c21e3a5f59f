#include "ledger/sqlite_database.hpp"

#include <sqlite3.h>

#include "core/check.hpp"

namespace firstcome {
namespace {

ErrorCode code_of(int result) {
  switch (result & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::corrupt;
    case SQLITE_CONSTRAINT:
      return ErrorCode::conflict;
    default:
      return ErrorCode::unavailable;
  }
}

}  // namespace

Error sqlite_error(sqlite3* database, const std::string& doing) {
  const int result = sqlite3_extended_errcode(database);
  return {code_of(result), "SQLite: " + doing + ": " + sqlite3_errmsg(database) + " (" +
                               sqlite3_errstr(result) + ", code " + std::to_string(result) + ")"};
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void SqliteStatement::bind(int index, std::int64_t value) {
  CHECK(sqlite3_bind_int64(statement_.get(), index, value) == SQLITE_OK, "sqlite3_bind_int64");
}

void SqliteStatement::bind(int index, std::string_view text) {
  CHECK(sqlite3_bind_text(statement_.get(), index, text.data(), static_cast<int>(text.size()),
                          SQLITE_STATIC) == SQLITE_OK,
        "sqlite3_bind_text");
}

void SqliteStatement::bind_blob(int index, std::string_view bytes) {
  CHECK(sqlite3_bind_blob(statement_.get(), index, bytes.data(), static_cast<int>(bytes.size()),
                          SQLITE_STATIC) == SQLITE_OK,
        "sqlite3_bind_blob");
}

void SqliteStatement::bind_null(int index) {
  CHECK(sqlite3_bind_null(statement_.get(), index) == SQLITE_OK, "sqlite3_bind_null");
}

Result<bool> SqliteStatement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    return false;
  }
  Error error = sqlite_error(sqlite3_db_handle(statement_.get()), sqlite3_sql(statement_.get()));
  sqlite3_reset(statement_.get());
  return std::unexpected(std::move(error));
}

Result<void> SqliteStatement::run() {
  const Result<bool> stepped = step();
  if (!stepped) return std::unexpected(stepped.error());
  CHECK(!*stepped, "a statement without a result returned a row");
  return {};
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

bool SqliteStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void SqliteDatabase::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path, Access access) {
  const int flags = access == Access::read_only ? SQLITE_OPEN_READONLY
                                                : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* raw = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteDatabase database(raw);
  if (result != SQLITE_OK) return std::unexpected(sqlite_error(raw, "cannot open " + path));
  // A file that may not be written is opened for reading all the same.
  if (access == Access::read_write && sqlite3_db_readonly(raw, "main") == 1) {
    return fail(ErrorCode::unavailable, "SQLite: cannot write " + path + ": permission denied");
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, 5000);
  return database;
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) {
    return std::unexpected(sqlite_error(database_.get(), "cannot prepare " + std::string(sql)));
  }
  return SqliteStatement(statement);
}

Result<void> SqliteDatabase::execute(const std::string& sql) const {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return {};
  }
  return std::unexpected(sqlite_error(database_.get(), sql));
}

Result<std::string> SqliteDatabase::query_text(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  const Result<bool> row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? std::string(statement->text(0)) : std::string();
}

}  // namespace firstcome
