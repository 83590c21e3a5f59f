#include "ledger/mysql/mysql_key_book.hpp"

#include <algorithm>

#include "ledger/mysql/mysql_meta.hpp"

namespace firstcome {
namespace {

constexpr const char* keeping = "keep the hash of a key in the ledger";

std::string name_of(const std::string& name) {
  return name + "_key_hash";
}

std::string value_of(const KeptKey& key) {
  std::string value(key.hash.bytes.begin(), key.hash.bytes.end());
  return (value + key.origin).substr(0, mysql_meta_bytes_max);
}

Result<std::optional<KeptKey>> stored(MysqlConnection& connection, const std::string& name) {
  const auto value = find_meta(connection, name_of(name));
  if (!value) return std::unexpected(to_read_error(value.error(), "read the hashes of keys"));
  if (!*value) return std::nullopt;
  KeptKey key;
  const std::size_t size = key.hash.bytes.size();
  if ((*value)->size() < size) {
    return fail(ErrorCode::corrupt, "the ledger's " + name_of(name) + " is damaged");
  }
  std::copy_n((*value)->begin(), size, key.hash.bytes.begin());
  key.origin = (*value)->substr(size);
  return key;
}

}  // namespace

Result<std::optional<KeptKey>> MysqlKeyBook::find(const std::string& name) {
  auto connection = pool_.take();
  if (!connection) return std::unexpected(connection.error());
  return stored(**connection, name);
}

Result<KeptKey> MysqlKeyBook::keep(const std::string& name, const KeptKey& key) {
  auto connection = pool_.take();
  if (!connection) return std::unexpected(connection.error());
  if (auto done = propose_meta(**connection, name_of(name), value_of(key)); !done) {
    return std::unexpected(to_error(done.error(), keeping));
  }
  const Result<std::optional<KeptKey>> kept = stored(**connection, name);
  if (!kept) return std::unexpected(kept.error());
  if (*kept) return **kept;
  return fail(ErrorCode::corrupt, "the ledger lost its " + name_of(name) + " at once");
}

Result<void> MysqlKeyBook::replace(const std::string& name, const KeptKey& key) {
  auto connection = pool_.take();
  if (!connection) return std::unexpected(connection.error());
  if (auto done = set_meta(**connection, name_of(name), value_of(key)); !done) {
    return std::unexpected(to_error(done.error(), keeping));
  }
  return {};
}

}  // namespace firstcome
