#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "ledger/mysql/mysql_pool.hpp"

// Listings of a MySQL ledger, read from its replicas in turn, or from the primary when there is
// none or none can answer. Whoever was just served reads his coupon, whichever server that was: a
// replica is asked only for what it holds once it has all that the primary has committed by now,
// and is given a moment to get it; one that has not by then is late, and the primary answers
// instead. While the primary is away, replicas answer with this server's newest commit. A primary
// that did not answer is left out for a moment, too, so that others need not wait for it as well.

namespace firstcome {

class MysqlReader final : public LedgerReader {
 public:
  struct Options {
    std::chrono::milliseconds replica_wait{50};  // for the newest commit to get there
    // A replica that was late is left out this long.
    std::chrono::milliseconds late_out{1000};
    // One that was away, and a primary that was: longer than it takes to find that out.
    std::chrono::milliseconds away_out{2000};
  };

  // `newest_gtid` tells this server's newest commit. The pools outlive the reader; how long their
  // connections wait for an answer is how long a listing may take.
  MysqlReader(Options options, MysqlPool& primary, const std::vector<MysqlPool*>& replicas,
              std::function<std::string()> newest_gtid, const Clock& clock,
              Metrics::Shard& metrics);

  [[nodiscard]] Result<std::vector<ListedCoupon>> coupons_of_campaign(CampaignNumber campaign,
                                                                      Rank after,
                                                                      std::size_t limit) override;
  [[nodiscard]] Result<std::vector<ListedCoupon>> coupons_of_user(const UserId& user,
                                                                  std::uint64_t after,
                                                                  std::size_t limit) override;
  [[nodiscard]] Result<UserClaims> claims_now(CampaignNumber campaign, const UserId& user,
                                              const SeenInLine& seen) override;

 private:
  struct Replica {
    MysqlPool* pool;
    Monotonic out_until{0};
  };

  [[nodiscard]] Result<std::vector<ListedCoupon>> list(const std::string& sql);
  [[nodiscard]] Result<std::vector<ListedCoupon>> list_on_primary(const std::string& sql);
  [[nodiscard]] Result<MysqlRows> ask_primary(const std::string& sql);
  [[nodiscard]] std::string newest_gtid(const MysqlServer& server);
  // nullopt: it is away, or late.
  [[nodiscard]] std::optional<MysqlRows> ask(Replica& replica, const std::string& sql);

  const Options options_;
  MysqlPool& primary_;
  Monotonic primary_out_until_{0};
  std::vector<Replica> replicas_;
  std::size_t turn_ = 0;
  const std::function<std::string()> newest_gtid_;
  const Clock& clock_;
  Counter& from_replica_;
  Counter& from_primary_;
  Counter& replica_late_;
  Counter& replica_away_;
};

}  // namespace firstcome
