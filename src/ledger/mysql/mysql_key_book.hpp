#pragma once

#include "ledger/ledger.hpp"
#include "ledger/mysql/mysql_pool.hpp"

namespace firstcome {

// The keys of a MySQL ledger's servers, in its table meta: <name>_key_hash is the hash's 32 bytes
// and the origin's. The pool leads to the primary and outlives the book; the ledger's schema is
// there.
class MysqlKeyBook final : public KeyBook {
 public:
  explicit MysqlKeyBook(MysqlPool& pool) : pool_(pool) {}

  [[nodiscard]] Result<std::optional<KeptKey>> find(const std::string& name) override;
  [[nodiscard]] Result<KeptKey> keep(const std::string& name, const KeptKey& key) override;
  [[nodiscard]] Result<void> replace(const std::string& name, const KeptKey& key) override;

 private:
  MysqlPool& pool_;
};

}  // namespace firstcome
