#include "ledger/sqlite_secret.hpp"

#include <sodium.h>

#include <cstring>
#include <string>

namespace firstcome {

Result<std::array<std::uint8_t, 16>> secret(const SqliteDatabase& database, std::string_view name) {
  std::array<std::uint8_t, 16> bytes;
  auto read = database.prepare("SELECT value FROM meta WHERE name = ?1");
  auto write = database.prepare("INSERT INTO meta (name, value) VALUES (?1, ?2)");
  if (!read) return std::unexpected(read.error());
  if (!write) return std::unexpected(write.error());
  read->bind(1, name);
  const Result<bool> found = read->step();
  if (!found) return std::unexpected(found.error());
  if (*found) {
    if (read->text(0).size() != bytes.size()) {
      return fail(ErrorCode::corrupt, "the ledger's " + std::string(name) + " is damaged");
    }
    std::memcpy(bytes.data(), read->text(0).data(), bytes.size());
    return bytes;
  }
  randombytes_buf(bytes.data(), bytes.size());
  write->bind(1, name);
  write->bind_blob(2, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (auto ok = write->run(); !ok) return std::unexpected(ok.error());
  return bytes;
}

}  // namespace firstcome
