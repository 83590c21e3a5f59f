#include "ledger/mysql/mysql_audit.hpp"

#include <map>

#include "ledger/mysql/mysql_coupon_pages.hpp"
#include "ledger/mysql/mysql_record.hpp"
#include "ledger/mysql/mysql_schema.hpp"
#include "ledger/mysql/mysql_text.hpp"

namespace firstcome {
namespace {

std::unexpected<Error> unreadable(const MysqlError& error) {
  return std::unexpected(to_read_error(error, "read the ledger"));
}

}  // namespace

Result<std::unique_ptr<MysqlAudit>> MysqlAudit::open(const MysqlUrl& url) {
  auto connection = MysqlConnection::open(url.primary, url.login);
  if (!connection) return std::unexpected(to_read_error(connection.error(), "open the ledger"));
  if (auto ok = prepare_schema(*connection, false); !ok) return std::unexpected(ok.error());
  auto begun = connection->run(
      "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; "
      "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  if (!begun) return unreadable(begun.error());
  return std::unique_ptr<MysqlAudit>(new MysqlAudit(std::move(*connection)));
}

Result<std::vector<AuditedCampaign>> MysqlAudit::campaigns() {
  auto rows = connection_.query("SELECT " + std::string(mysql_campaign_columns) +
                                " FROM campaigns ORDER BY number");
  if (!rows) return unreadable(rows.error());
  std::vector<AuditedCampaign> result;
  while (rows->next()) {
    const Campaign campaign = read_mysql_campaign(*rows);
    result.push_back({campaign.id, *campaign.settings});
  }
  return result;
}

Result<void> MysqlAudit::for_each_coupon(const std::function<void(const AuditedCoupon&)>& visit) {
  auto named = connection_.query("SELECT number, id FROM campaigns");
  if (!named) return unreadable(named.error());
  std::map<std::int64_t, CampaignId> ids;
  while (named->next()) ids.emplace(named->integer(0), CampaignId::trusted(named->text(1)));
  CampaignNumber campaign{};
  Rank rank{};
  while (true) {
    auto rows = read_coupons_behind(connection_, campaign, rank);
    if (!rows) return unreadable(rows.error());
    if (rows->size() == 0) return {};
    while (rows->next()) {
      const Result<CouponRow> coupon = read_mysql_coupon(*rows);
      if (!coupon) return std::unexpected(coupon.error());
      campaign = coupon->campaign;
      rank = coupon->coupon.rank;
      const auto id = ids.find(campaign.value);
      if (id == ids.end()) {
        return fail(ErrorCode::corrupt,
                    "a coupon's campaign, " + std::to_string(campaign.value) + ", does not exist");
      }
      const IdempotencyKey key = is_drawn(coupon->key) ? IdempotencyKey{} : coupon->key;
      visit({id->second, coupon->user, key, coupon->coupon, coupon->epoch, coupon->ticket});
    }
  }
}

Result<std::uint64_t> MysqlAudit::unsettled_count(const CampaignId& campaign) {
  std::string sql =
      "SELECT count(*) FROM parked_claims WHERE outcome IS NULL AND campaign = (SELECT number FROM "
      "campaigns WHERE id = ";
  append_quoted(sql, campaign.view());
  auto rows = connection_.query(sql + ")");
  if (!rows) return unreadable(rows.error());
  if (!rows->next()) return fail(ErrorCode::corrupt, "a count has no row");
  return rows->natural(0);
}

}  // namespace firstcome
