#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/coupon.hpp"
#include "core/identity.hpp"
#include "ledger/ledger.hpp"

// Who has which coupon, in memory: what the embedded ledger keeps instead of B-trees on user and
// rank. A coupon costs 40 bytes and its share of a hash table of 4-byte slots, 47 to 50 bytes in
// all; user ids are not kept, only their fingerprints.
//
// 1,024 shards by user, each under its own reader-writer lock that is held for well under a
// microsecond, so that I/O threads look up while the issuing thread adds. Thread rule: one thread
// adds; any thread reads.

namespace firstcome {

class CouponIndex {
 public:
  explicit CouponIndex(CouponCodes codes);
  ~CouponIndex();
  CouponIndex(const CouponIndex&) = delete;
  CouponIndex& operator=(const CouponIndex&) = delete;

  // Adds the coupon that stands in row `seq`. Within a campaign, ranks come in order from 1. Error:
  // corrupt, when the row contradicts what is there (a gap in the ranks, a nth out of order):
  // nothing is added then.
  [[nodiscard]] Result<void> add(CampaignNumber campaign, const Identity& identity,
                                 const Coupon& coupon, std::uint32_t seq);

  // Has the memory on its way that add() of this user will touch: called for some claims ahead, it
  // saves most of the time that add() waits for memory. The adding thread's.
  void prefetch(CampaignNumber campaign, const Fingerprint& user) const;

  // What the user has in a campaign.
  [[nodiscard]] Standing standing(CampaignNumber campaign, const Identity& identity) const;

  // The user's coupons of all campaigns, in order of (campaign, rank).
  struct Held {
    CampaignNumber campaign{};
    Coupon coupon{};
  };
  [[nodiscard]] std::vector<Held> held_by(const Fingerprint& user) const;

  // The rows of the coupons with ranks after `after`, in rank order, at most `limit`.
  [[nodiscard]] std::vector<std::uint32_t> rows_after(CampaignNumber campaign, Rank after,
                                                      std::size_t limit) const;

  // The newest rank of a campaign, 0 when it has no coupon.
  [[nodiscard]] Rank last_rank(CampaignNumber campaign) const;

 private:
  class Shard;
  class RankRows;

  [[nodiscard]] Shard& shard_of(const Fingerprint& user) const;

  CouponCodes codes_;
  std::unique_ptr<Shard[]> shards_;
  std::unique_ptr<RankRows> rank_rows_;
};

}  // namespace firstcome
