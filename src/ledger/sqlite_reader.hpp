#pragma once

#include <memory>
#include <string>

#include "ledger/coupon_index.hpp"
#include "ledger/ledger.hpp"
#include "ledger/sqlite_database.hpp"

// Listings of the embedded ledger, over a read-only connection and the index in memory, beside the
// writer in the same process.

namespace firstcome {

class SqliteReader final : public LedgerReader {
 public:
  // The index must outlive the reader. Error: as SqliteDatabase::open.
  [[nodiscard]] static Result<std::unique_ptr<SqliteReader>> open(const std::string& path,
                                                                  const CouponIndex& index,
                                                                  const Fingerprints& fingerprints);

  [[nodiscard]] Result<std::vector<ListedCoupon>> coupons_of_campaign(CampaignNumber campaign,
                                                                      Rank after,
                                                                      std::size_t limit) override;
  [[nodiscard]] Result<std::vector<ListedCoupon>> coupons_of_user(const UserId& user,
                                                                  std::uint64_t after,
                                                                  std::size_t limit) override;
  [[nodiscard]] Result<UserClaims> claims_now(CampaignNumber campaign, const UserId& user,
                                              const SeenInLine& seen) override;

 private:
  SqliteReader(SqliteDatabase database, SqliteStatement row_by_seq, const CouponIndex& index,
               const Fingerprints& fingerprints);

  SqliteDatabase database_;
  SqliteStatement row_by_seq_;
  const CouponIndex& index_;
  const Fingerprints& fingerprints_;
};

}  // namespace firstcome
