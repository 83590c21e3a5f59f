#include "ledger/sqlite_audit.hpp"

#include "ledger/sqlite_rows.hpp"
#include "ledger/sqlite_schema.hpp"

namespace firstcome {

Result<std::unique_ptr<SqliteAudit>> SqliteAudit::open(const std::string& path) {
  auto database = SqliteDatabase::open(path, SqliteDatabase::Access::read_only);
  if (!database) return std::unexpected(database.error());
  if (auto ok = prepare_schema(*database, false); !ok) return std::unexpected(ok.error());
  if (auto ok = database->execute("BEGIN"); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<SqliteAudit>(new SqliteAudit(std::move(*database)));
}

Result<std::vector<AuditedCampaign>> SqliteAudit::campaigns() {
  auto rows = database_.prepare("SELECT " + std::string(campaign_columns) +
                                " FROM campaigns ORDER BY number");
  if (!rows) return std::unexpected(rows.error());
  std::vector<AuditedCampaign> result;
  Result<bool> row = rows->step();
  for (; row && *row; row = rows->step()) {
    const Campaign campaign = read_campaign(*rows);
    ids_[campaign.number] = campaign.id;
    result.push_back({campaign.id, *campaign.settings});
  }
  if (!row) return std::unexpected(row.error());
  return result;
}

Result<void> SqliteAudit::for_each_coupon(const std::function<void(const AuditedCoupon&)>& visit) {
  if (ids_.empty()) {
    if (auto named = campaigns(); !named) return std::unexpected(named.error());
  }
  auto rows =
      database_.prepare("SELECT " + std::string(coupon_columns) + " FROM coupons ORDER BY seq");
  if (!rows) return std::unexpected(rows.error());
  Result<bool> row = rows->step();
  for (; row && *row; row = rows->step()) {
    const Result<CouponRow> coupon = read_coupon(*rows);
    if (!coupon) return std::unexpected(coupon.error());
    const auto id = ids_.find(coupon->campaign);
    if (id == ids_.end()) {
      return fail(ErrorCode::corrupt, "coupons row " + std::to_string(rows->integer(0)) +
                                          ": its campaign does not exist");
    }
    visit({id->second, coupon->user, coupon->key, coupon->coupon, coupon->epoch, coupon->ticket});
  }
  if (!row) return std::unexpected(row.error());
  return {};
}

Result<std::uint64_t> SqliteAudit::unsettled_count(const CampaignId& campaign) {
  auto count = database_.prepare(
      "SELECT count(*) FROM parked_claims WHERE outcome IS NULL AND campaign = "
      "(SELECT number FROM campaigns WHERE id = ?1)");
  if (!count) return std::unexpected(count.error());
  count->bind(1, campaign.view());
  const Result<bool> row = count->step();
  if (!row) return std::unexpected(row.error());
  return static_cast<std::uint64_t>(count->integer(0));
}

}  // namespace firstcome
