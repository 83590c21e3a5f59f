#include "ledger/mysql/mysql_migration.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "core/check.hpp"
#include "ledger/mysql/mysql_text.hpp"

namespace firstcome {
namespace {

constexpr const char* reading = "read the ledger's schema version";

// How far a database has come.
struct Progress {
  std::size_t version = 0;
  std::size_t statement = 0;  // of the next migration, where to go on
  bool is_begun = false;      // that statement may have been done already
};

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || rest != end) return std::nullopt;
  return value;
}

Result<void> run(MysqlConnection& connection, const std::string& sql, const std::string& doing) {
  const auto done = connection.run(sql);
  if (!done) return std::unexpected(to_error(done.error(), doing));
  return {};
}

std::unexpected<Error> no_ledger(const std::string& what) {
  return fail(ErrorCode::conflict, "the database holds " + what +
                                       ", but no firstcome ledger: give it a database of its own");
}

Result<std::vector<std::string>> tables_of(MysqlConnection& connection) {
  auto rows = connection.query(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY "
      "1");
  if (!rows) return std::unexpected(to_read_error(rows.error(), reading));
  std::vector<std::string> names;
  while (rows->next()) names.emplace_back(rows->text(0));
  return names;
}

Result<std::size_t> stored_number(std::string_view name, std::string_view value) {
  if (const auto parsed = number(value)) return *parsed;
  return fail(ErrorCode::corrupt,
              "the ledger's " + std::string(name) + " is '" + std::string(value) +
                  "', which no firstcome has written: restore a backup of the database");
}

Result<Progress> progress_in_meta(MysqlConnection& connection) {
  auto rows = connection.query("SELECT name, value FROM meta");
  if (!rows && rows.error().number == 1054) return no_ledger("another table called meta");
  if (!rows) return std::unexpected(to_read_error(rows.error(), reading));
  // A meta without rows is what a migration leaves that ended after its first statement.
  Progress progress{.statement = 1};
  bool is_ours = rows->size() == 0;
  while (rows->next()) {
    const std::string_view name = rows->text(0);
    if (name != "schema_version" && name != "schema_step") continue;
    is_ours = true;
    const Result<std::size_t> value = stored_number(name, rows->text(1));
    if (!value) return std::unexpected(value.error());
    if (name == "schema_version") {
      progress.version = *value;
    } else {
      progress.statement = *value;
      progress.is_begun = true;
    }
  }
  if (!is_ours) return no_ledger("another table called meta");
  if (progress.version > 0 && !progress.is_begun) progress.statement = 0;
  return progress;
}

Result<Progress> progress_of(MysqlConnection& connection) {
  const Result<std::vector<std::string>> tables = tables_of(connection);
  if (!tables) return std::unexpected(tables.error());
  if (tables->empty()) return Progress{};
  bool has_meta = false;
  for (const std::string& name : *tables) has_meta = has_meta || name == "meta";
  if (!has_meta) return no_ledger("the table " + tables->front());
  Result<Progress> progress = progress_in_meta(connection);
  const bool is_unmarked = progress && progress->version == 0 && !progress->is_begun;
  if (is_unmarked && tables->size() > 1) return no_ledger("other tables beside an empty meta");
  return progress;
}

// A named lock of the server, which the server also gives up when the session ends.
class SchemaLock {
 public:
  explicit SchemaLock(MysqlConnection& connection) : connection_(connection) {}
  SchemaLock(const SchemaLock&) = delete;
  SchemaLock& operator=(const SchemaLock&) = delete;
  ~SchemaLock() {
    if (is_held_) static_cast<void>(connection_.run("SELECT RELEASE_LOCK(" + name() + ")"));
  }

  // In short waits, because an answer that takes longer than the read timeout breaks a connection.
  [[nodiscard]] Result<void> take() {
    for (int attempt = 0; attempt < 60 && !is_held_; ++attempt) {
      auto rows = connection_.query("SELECT GET_LOCK(" + name() + ", 1)");
      if (!rows) return std::unexpected(to_read_error(rows.error(), "lock the ledger's schema"));
      is_held_ = rows->next() && rows->text(0) == "1";
    }
    if (is_held_) return {};
    return fail(ErrorCode::timeout, "another node has been at the ledger's schema for a minute");
  }

 private:
  // Names are the server's, not the database's, and at most 64 characters long. Newer MySQL has no
  // MD5().
  [[nodiscard]] static std::string name() {
    return "CONCAT('firstcome.', LEFT(SHA2(DATABASE(), 256), 32))";
  }

  MysqlConnection& connection_;
  bool is_held_ = false;
};

// Whether a statement failed because what it makes is there, or what it removes is not.
bool says_done_already(unsigned number) {
  switch (number) {
    case 1050:  // the table exists
    case 1051:  // no table to drop
    case 1060:  // the column exists
    case 1061:  // the key exists
    case 1091:  // no column or key to drop
    case 1826:  // the foreign key exists
      return true;
    default:
      return false;
  }
}

std::string stored(std::string_view name, std::size_t value) {
  const std::string number = "'" + std::to_string(value) + "'";
  return "INSERT INTO meta (name, value) VALUES ('" + std::string(name) + "', " + number +
         ") ON DUPLICATE KEY UPDATE value = " + number;
}

// Brings the database from progress.version to the next.
Result<void> advance(MysqlConnection& connection, std::string_view migration, Progress progress) {
  const std::string doing =
      "bring the ledger's schema to version " + std::to_string(progress.version + 1);
  const std::vector<std::string> statements = split_statements(migration);
  for (std::size_t i = progress.statement; i < statements.size(); ++i) {
    const bool is_first_of_all = progress.version == 0 && i == 0;  // there is no meta yet
    if (!is_first_of_all) {
      if (auto ok = run(connection, stored("schema_step", i), doing); !ok) return ok;
    }
    const auto done = connection.run(statements[i]);
    if (done) continue;
    const bool was_done =
        progress.is_begun && i == progress.statement && says_done_already(done.error().number);
    if (!was_done) return std::unexpected(to_error(done.error(), doing));
  }
  return run(connection,
             "BEGIN; " + stored("schema_version", progress.version + 1) +
                 "; DELETE FROM meta WHERE name = 'schema_step'; COMMIT",
             doing);
}

Result<void> advance_all(MysqlConnection& connection, MysqlMigrations migrations) {
  SchemaLock lock(connection);
  if (auto ok = lock.take(); !ok) return ok;
  Result<Progress> progress = progress_of(connection);  // another node may have been faster
  if (!progress) return std::unexpected(progress.error());
  while (progress->version < migrations.size()) {
    const std::string_view migration = migrations[progress->version];
    if (auto ok = advance(connection, migration, *progress); !ok) return ok;
    progress = Progress{.version = progress->version + 1};
  }
  return {};
}

}  // namespace

Result<void> migrate(MysqlConnection& connection, MysqlMigrations migrations, bool may_change) {
  CHECK(!connection.in_transaction(), "a migration commits what it finds");
  const Result<Progress> progress = progress_of(connection);
  if (!progress) return std::unexpected(progress.error());
  if (progress->version == migrations.size()) return {};
  const std::string versions = "the ledger has schema version " +
                               std::to_string(progress->version) + ", this firstcome knows " +
                               std::to_string(migrations.size());
  if (!may_change && progress->version == 0) {
    return fail(ErrorCode::unavailable,
                "there is no ledger in the database yet: run serve once without --no-migrate to "
                "make one");
  }
  if (progress->version > migrations.size()) {
    return fail(ErrorCode::corrupt, versions + ": run a newer firstcome");
  }
  if (!may_change) {
    return fail(ErrorCode::unavailable, versions + ": start once without --no-migrate");
  }
  return advance_all(connection, migrations);
}

}  // namespace firstcome
