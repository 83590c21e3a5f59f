#include "ledger/sqlite_schema.hpp"

#include <array>
#include <charconv>
#include <string>
#include <string_view>

namespace firstcome::embedded {
extern const std::string_view sqlite_0001_init;
}

namespace firstcome {
namespace {

// Entry i brings version i to version i + 1.
const std::array migrations{&embedded::sqlite_0001_init};

// "FCFS" in ASCII: marks the file as a firstcome ledger (PRAGMA application_id).
constexpr std::string_view application_id = "1178814035";

Result<std::size_t> version_of(const SqliteDatabase& database) {
  const Result<std::string> text = database.query_text("PRAGMA user_version");
  if (!text) return std::unexpected(text.error());
  std::size_t version = 0;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), version);
  if (code != std::errc{} || end != text->data() + text->size()) {
    return fail(ErrorCode::corrupt, "the ledger's schema version is '" + *text + "'");
  }
  return version;
}

std::string migration_sql(std::size_t version) {
  std::string sql = "BEGIN IMMEDIATE;";
  for (std::size_t i = version; i < migrations.size(); ++i) sql.append(*migrations[i]);
  sql.append("PRAGMA application_id = ").append(application_id);
  sql.append("; PRAGMA user_version = ").append(std::to_string(migrations.size()));
  return sql.append("; COMMIT");
}

}  // namespace

Result<void> check_is_ledger(const SqliteDatabase& database) {
  const Result<std::string> id = database.query_text("PRAGMA application_id");
  if (!id) return std::unexpected(id.error());
  if (*id == application_id) return {};
  const Result<std::string> tables = database.query_text("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());
  if (*id == "0" && *tables == "0") return {};  // new and empty
  return fail(ErrorCode::corrupt, "the file is an SQLite database, but not a firstcome ledger");
}

Result<void> prepare_schema(SqliteDatabase& database, bool migrate) {
  if (auto ok = check_is_ledger(database); !ok) return ok;
  const Result<std::size_t> version = version_of(database);
  if (!version) return std::unexpected(version.error());
  if (*version == migrations.size()) return {};
  const std::string versions = "the ledger has schema version " + std::to_string(*version) +
                               ", this firstcome knows " + std::to_string(migrations.size());
  if (*version > migrations.size()) {
    return fail(ErrorCode::corrupt, versions + ": run a newer firstcome");
  }
  if (!migrate) {
    return fail(ErrorCode::unavailable, versions + ": start once without --no-migrate");
  }
  return database.execute(migration_sql(*version));
}

}  // namespace firstcome
