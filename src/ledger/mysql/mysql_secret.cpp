#include "ledger/mysql/mysql_secret.hpp"

#include <sodium.h>

#include <cstring>
#include <optional>
#include <string>

#include "ledger/mysql/mysql_meta.hpp"

namespace firstcome {
namespace {

using Secret = std::array<std::uint8_t, 16>;

Result<std::optional<Secret>> stored(MysqlConnection& connection, std::string_view name) {
  const auto value = find_meta(connection, name);
  if (!value) return std::unexpected(to_read_error(value.error(), "read the ledger's secrets"));
  if (!*value) return std::nullopt;
  Secret bytes;
  if ((*value)->size() != bytes.size()) {
    return fail(ErrorCode::corrupt, "the ledger's " + std::string(name) + " is damaged");
  }
  std::memcpy(bytes.data(), (*value)->data(), bytes.size());
  return bytes;
}

}  // namespace

Result<Secret> secret(MysqlConnection& connection, std::string_view name) {
  const Result<std::optional<Secret>> found = stored(connection, name);
  if (!found) return std::unexpected(found.error());
  if (*found) return **found;
  Secret bytes;
  randombytes_buf(bytes.data(), bytes.size());
  const std::string_view value(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (auto done = propose_meta(connection, name, value); !done) {
    return std::unexpected(to_error(done.error(), "keep a secret in the ledger"));
  }
  const Result<std::optional<Secret>> kept = stored(connection, name);
  if (!kept) return std::unexpected(kept.error());
  if (*kept) return **kept;
  return fail(ErrorCode::corrupt, "the ledger lost its " + std::string(name) + " at once");
}

}  // namespace firstcome
