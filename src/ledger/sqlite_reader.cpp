#include "ledger/sqlite_reader.hpp"

#include "ledger/sqlite_rows.hpp"

namespace firstcome {

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const std::string& path,
                                                         const CouponIndex& index,
                                                         const Fingerprints& fingerprints) {
  auto database = SqliteDatabase::open(path, SqliteDatabase::Access::read_only);
  if (!database) return std::unexpected(database.error());
  auto statement =
      database->prepare("SELECT " + std::string(coupon_columns) + " FROM coupons WHERE seq = ?1");
  if (!statement) return std::unexpected(statement.error());
  return std::unique_ptr<SqliteReader>(
      new SqliteReader(std::move(*database), std::move(*statement), index, fingerprints));
}

SqliteReader::SqliteReader(SqliteDatabase database, SqliteStatement row_by_seq,
                           const CouponIndex& index, const Fingerprints& fingerprints)
    : database_(std::move(database)),
      row_by_seq_(std::move(row_by_seq)),
      index_(index),
      fingerprints_(fingerprints) {}

Result<std::vector<ListedCoupon>> SqliteReader::coupons_of_campaign(CampaignNumber campaign,
                                                                    Rank after, std::size_t limit) {
  std::vector<ListedCoupon> page;
  for (const std::uint32_t seq : index_.rows_after(campaign, after, limit)) {
    row_by_seq_.bind(1, std::int64_t{seq});
    const Result<bool> row = row_by_seq_.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return fail(ErrorCode::corrupt, "coupons row " + std::to_string(seq) + " is gone");
    const Result<CouponRow> coupon = read_coupon(row_by_seq_);
    row_by_seq_.reset();
    if (!coupon) return std::unexpected(coupon.error());
    page.push_back({coupon->campaign, coupon->user, coupon->coupon});
  }
  return page;
}

Result<std::vector<ListedCoupon>> SqliteReader::coupons_of_user(const UserId& user,
                                                                std::uint64_t after,
                                                                std::size_t limit) {
  std::vector<ListedCoupon> page;
  for (const CouponIndex::Held& held : index_.held_by(fingerprints_.of(user))) {
    const std::uint64_t position =
        (std::uint64_t{held.campaign.value} << 32) | held.coupon.rank.value;
    if (position <= after) continue;
    if (page.size() == limit) break;
    page.push_back({held.campaign, user, held.coupon});
  }
  return page;
}

Result<UserClaims> SqliteReader::claims_now(CampaignNumber campaign, const UserId& user,
                                            const SeenInLine& seen) {
  UserClaims claims{.place = seen.place};  // nobody else parks here
  for (const CouponIndex::Held& held : index_.held_by(fingerprints_.of(user))) {
    if (held.campaign == campaign) claims.coupons.push_back(held.coupon);
  }
  return claims;
}

}  // namespace firstcome
