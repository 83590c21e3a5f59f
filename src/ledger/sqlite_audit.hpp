#pragma once

#include <map>
#include <memory>
#include <string>

#include "ledger/ledger.hpp"
#include "ledger/sqlite_database.hpp"

// The whole embedded ledger for the verifier, read in one transaction, beside a running server or
// after it was killed.

namespace firstcome {

class SqliteAudit final : public LedgerAudit {
 public:
  // Error: unavailable, when there is no such file; corrupt, when it is no ledger.
  [[nodiscard]] static Result<std::unique_ptr<SqliteAudit>> open(const std::string& path);

  [[nodiscard]] Result<std::vector<AuditedCampaign>> campaigns() override;
  [[nodiscard]] Result<void> for_each_coupon(
      const std::function<void(const AuditedCoupon&)>& visit) override;
  [[nodiscard]] Result<std::uint64_t> unsettled_count(const CampaignId& campaign) override;

 private:
  explicit SqliteAudit(SqliteDatabase database) : database_(std::move(database)) {}

  SqliteDatabase database_;
  std::map<CampaignNumber, CampaignId> ids_;
};

}  // namespace firstcome
