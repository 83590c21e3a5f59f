#pragma once

#include <memory>

#include "ledger/ledger.hpp"
#include "ledger/mysql/mysql_connection.hpp"

// The whole MySQL ledger for the verifier, read in one snapshot of the primary, beside running
// servers or after they were killed.

namespace firstcome {

class MysqlAudit final : public LedgerAudit {
 public:
  // Error: as the server says, or as prepare_schema() when the database is no ledger.
  [[nodiscard]] static Result<std::unique_ptr<MysqlAudit>> open(const MysqlUrl& url);

  [[nodiscard]] Result<std::vector<AuditedCampaign>> campaigns() override;
  // In the order of (campaign, rank), which within a campaign is that of their commits.
  [[nodiscard]] Result<void> for_each_coupon(
      const std::function<void(const AuditedCoupon&)>& visit) override;
  [[nodiscard]] Result<std::uint64_t> unsettled_count(const CampaignId& campaign) override;

 private:
  explicit MysqlAudit(MysqlConnection connection) : connection_(std::move(connection)) {}

  MysqlConnection connection_;
};

}  // namespace firstcome
