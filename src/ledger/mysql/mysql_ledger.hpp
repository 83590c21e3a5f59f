#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/cursor.hpp"
#include "ledger/ledger.hpp"
#include "ledger/mysql/mysql_checks.hpp"
#include "ledger/mysql/mysql_leases.hpp"
#include "ledger/mysql/mysql_mirror.hpp"
#include "ledger/mysql/mysql_nodes.hpp"
#include "ledger/mysql/mysql_pool.hpp"
#include "ledger/mysql/mysql_transaction.hpp"
#include "observe/metrics.hpp"

// The ledger of many servers: MariaDB or MySQL with InnoDB. A batch is one transaction in two round
// trips. The first locks the `issuing` rows of its campaigns and reads what others did since; then
// the batch is decided from memory, which holds as long as the locks; the second inserts the rows,
// moves the counters and commits. While nobody else moves its campaigns, a small batch does without
// the first: the second then checks the rows. The row is the one point that orders the claims of
// servers without a queue in common: it gives them their tickets.
//
// Nothing is decided under settings on which not all servers act yet.
//
// Who runs a line's ticks, and issues the claims that come from elsewhere, holds the campaign's
// lease: see MysqlLeases.
//
// Thread rule: as Ledger; newest_gtid() may be called by any thread.

namespace firstcome {

class MysqlLedger final : public Ledger {
 public:
  // Checks the server, brings the schema up to date, reads everything. `pool` leads to the primary;
  // it, the clock and the fingerprints outlive the ledger.
  // Error: invalid or unavailable with what to change; corrupt.
  [[nodiscard]] static Result<std::unique_ptr<MysqlLedger>> open(MysqlPool& pool, bool migrate,
                                                                 const MysqlCheckOptions& checks,
                                                                 const Fingerprints& fingerprints,
                                                                 const Clock& clock,
                                                                 Metrics::Shard& metrics);
  ~MysqlLedger() override;  // gives up the leases

  void for_each_campaign(const std::function<void(const Campaign&)>& visit) const override;
  [[nodiscard]] const Campaign& campaign(CampaignNumber number) const override;
  [[nodiscard]] Result<void> for_each_parked(
      const std::function<void(const ParkedClaim&)>& visit) override;
  [[nodiscard]] Result<std::vector<Result<Changed>>> change(
      std::span<const CampaignChange> changes) override;
  [[nodiscard]] Result<BatchState> state_for(std::span<Claim> due,
                                             std::span<Claim> arrivals) override;
  [[nodiscard]] CommitResult commit(const BatchRows& rows) override;
  [[nodiscard]] Result<bool> landed(const BatchRows& rows) override;
  [[nodiscard]] News news() override;
  [[nodiscard]] bool is_shared() const override { return true; }
  [[nodiscard]] std::optional<Monotonic> follow_every() const override;
  void follow() override;  // and what it needs, in mysql_follow.cpp
  [[nodiscard]] bool all_act_on_changes() const override;
  [[nodiscard]] bool runs_line(CampaignNumber campaign) const override;
  [[nodiscard]] std::optional<Error> lost() const override { return lost_; }
  void between_batches() override {}
  void when_idle() override {}
  [[nodiscard]] std::optional<Standing> recall(CampaignNumber campaign,
                                               const Identity& identity) const override;

  [[nodiscard]] const CouponCodes& codes() const { return codes_; }
  [[nodiscard]] const Cursors& cursors() const { return cursors_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  // The same for all servers of this ledger, and no other's.
  [[nodiscard]] const std::string& name() const { return name_; }
  // This server's own number among them.
  [[nodiscard]] std::uint64_t server() const { return nodes_.self(); }

  // Of this server's newest commit; empty when the database does not tell.
  [[nodiscard]] std::string newest_gtid() const;

 private:
  struct Secrets {
    CouponCodes::Key codes;
    Cursors::Key cursors;
    std::array<std::uint8_t, 16> name;
  };
  MysqlLedger(MysqlPool& pool, const Secrets& secrets, const Fingerprints& fingerprints,
              std::vector<std::string> warnings, const Clock& clock, Metrics::Shard& metrics);

  [[nodiscard]] Result<void> begin(std::span<const CampaignNumber> campaigns, std::size_t claims);
  [[nodiscard]] Result<MysqlLease> take_connection();
  [[nodiscard]] bool may_presume(std::span<const CampaignNumber> campaigns) const;
  [[nodiscard]] Result<void> lock(MysqlLease connection, std::span<const CampaignNumber> campaigns);
  [[nodiscard]] Result<void> check_acted_on();
  void give_tickets(std::span<Claim> arrivals);
  [[nodiscard]] BatchState state_of(std::span<const Claim> due, std::span<const Claim> arrivals);
  [[nodiscard]] CommitResult end_of(const MysqlTransaction::Failure& failure);
  [[nodiscard]] Result<void> give_up_commits(MysqlConnection& connection);
  void give_back();
  void note_gtid(std::string_view gtid);
  void forget_freshness();
  [[nodiscard]] MysqlResult<void> beat_or_look(MysqlConnection& connection);
  void lose(const Error& error);

  MysqlPool& pool_;
  const CouponCodes codes_;
  const Cursors cursors_;
  const std::vector<std::string> warnings_;
  const std::string name_;
  MysqlMirror mirror_;
  MysqlNodes nodes_;
  MysqlLeases leases_;                    // of both
  std::optional<MysqlTransaction> open_;  // between state_for() and commit()
  std::optional<MysqlLease> chained_;     // has begun a transaction for the next batch
  // How often, by campaign, nobody else had moved it since this server's last look, on end.
  std::unordered_map<std::uint32_t, unsigned> unmoved_;
  bool locks_next_ = false;
  struct Unsure {
    std::uint64_t number = 0;
    std::vector<IssuingRow> left{};  // if it has landed
  };
  std::optional<Unsure> unsure_;  // commit
  std::uint64_t commit_number_ = 0;
  std::uint64_t changed_ = 0;   // this server's own newest change of a campaign
  std::uint64_t shown_ = 0;     // up to which change the board has been told
  std::uint64_t told_ = 0;      // up to which the others have been told that it has
  std::uint64_t acted_on_ = 0;  // up to which all servers are known to act
  bool is_held_up_ = false;     // a batch waits for them to
  std::uint64_t opened_ = 0;    // connections, when all campaigns were looked at
  std::chrono::steady_clock::time_point looked_at_all_{};
  std::chrono::steady_clock::time_point beaten_at_{};
  std::chrono::steady_clock::time_point looked_at_{};  // the newest beat before a whole look
  // Until when the others wait for this server before they go on without it: so long, and no
  // longer, may what its memory says be told. Read by any thread.
  std::atomic<std::chrono::steady_clock::time_point> fresh_until_{};
  std::optional<Error> lost_;

  mutable std::mutex gtid_mutex_;
  std::string newest_gtid_;  // guarded by gtid_mutex_

  Histogram& lock_seconds_;
  Histogram& commit_seconds_;
  Counter& repeats_;
  Counter& follow_failures_;
};

}  // namespace firstcome
