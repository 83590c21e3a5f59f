#include "ledger/mysql/mysql_secret.hpp"

#include <sodium.h>

#include <cstring>
#include <optional>
#include <string>

#include "ledger/mysql/mysql_text.hpp"

namespace firstcome {
namespace {

using Secret = std::array<std::uint8_t, 16>;

Result<std::optional<Secret>> stored(MysqlConnection& connection, std::string_view name) {
  std::string sql = "SELECT value FROM meta WHERE name = ";
  append_quoted(sql, name);
  auto rows = connection.query(sql);
  if (!rows) return std::unexpected(to_read_error(rows.error(), "read the ledger's secrets"));
  if (!rows->next()) return std::nullopt;
  Secret bytes;
  if (rows->text(0).size() != bytes.size()) {
    return fail(ErrorCode::corrupt, "the ledger's " + std::string(name) + " is damaged");
  }
  std::memcpy(bytes.data(), rows->text(0).data(), bytes.size());
  return bytes;
}

// The bytes become the secret, unless somebody's are it already.
Result<void> propose(MysqlConnection& connection, std::string_view name, const Secret& bytes) {
  std::string sql = "INSERT INTO meta (name, value) VALUES (";
  append_quoted(sql, name);
  sql += ", ";
  append_quoted(sql, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  sql += ")";
  const auto done = connection.run(sql);
  if (done || done.error().failure == MysqlFailure::duplicate) return {};
  return std::unexpected(to_error(done.error(), "keep a secret in the ledger"));
}

}  // namespace

Result<Secret> secret(MysqlConnection& connection, std::string_view name) {
  const Result<std::optional<Secret>> found = stored(connection, name);
  if (!found) return std::unexpected(found.error());
  if (*found) return **found;
  Secret bytes;
  randombytes_buf(bytes.data(), bytes.size());
  if (auto ok = propose(connection, name, bytes); !ok) return std::unexpected(ok.error());
  const Result<std::optional<Secret>> kept = stored(connection, name);
  if (!kept) return std::unexpected(kept.error());
  if (*kept) return **kept;
  return fail(ErrorCode::corrupt, "the ledger lost its " + std::string(name) + " at once");
}

}  // namespace firstcome
