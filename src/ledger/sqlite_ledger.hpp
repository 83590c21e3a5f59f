#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "core/cursor.hpp"
#include "ledger/coupon_index.hpp"
#include "ledger/file_lock.hpp"
#include "ledger/ledger.hpp"
#include "ledger/sqlite_database.hpp"
#include "observe/metrics.hpp"

// The embedded ledger: one SQLite file in WAL mode with synchronous=FULL, so that a commit returns
// after fdatasync. One connection does all writes and all checkpoints (SQLite before 3.51.3 can
// corrupt a file when two do); readers have connections of their own. Campaigns and the index of
// coupons are in memory, rebuilt and checked when the file is opened.
//
// Checkpoints are taken by the writer, often and small (a few MB of WAL, some ms), between batches
// when the replies are out.

namespace firstcome {

class SqliteLedger final : public Ledger {
 public:
  struct Options {
    std::string path;
    bool migrate = true;
    int checkpoint_pages = 500;  // of 4 KiB: checkpoint once the WAL holds that many
  };

  // Locks, opens, migrates, reads and checks the file. Error: unavailable (locked, unreadable),
  // corrupt (not a ledger, damaged, or against the promises), with the path.
  [[nodiscard]] static Result<std::unique_ptr<SqliteLedger>> open(const Options& options,
                                                                  const Fingerprints& fingerprints,
                                                                  Metrics::Shard& metrics);
  // Checkpoints, unless the ledger was lost.
  ~SqliteLedger() override;

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
  [[nodiscard]] std::optional<Error> lost() const override;
  void between_batches() override;
  void when_idle() override;
  [[nodiscard]] std::optional<Standing> recall(CampaignNumber campaign,
                                               const Identity& identity) const override;

  [[nodiscard]] const CouponIndex& index() const { return *index_; }
  [[nodiscard]] const CouponCodes& codes() const { return codes_; }
  [[nodiscard]] const Cursors& cursors() const { return cursors_; }
  // Becomes the one that issues: a new epoch, durable before it is returned. May block.
  [[nodiscard]] Result<Epoch> take_epoch();
  // Above every ticket that is written down.
  [[nodiscard]] Result<Ticket> first_free_ticket();

 private:
  struct Secrets {
    CouponCodes::Key codes;
    Cursors::Key cursors;
  };
  struct Statements {
    SqliteStatement begin, commit, rollback;
    SqliteStatement insert_coupon, insert_parked, settle_parked, forget_parked;
    SqliteStatement write_campaign;
  };

  SqliteLedger(FileLock lock, SqliteDatabase database, const Secrets& secrets,
               const Options& options, Metrics::Shard& metrics);

  [[nodiscard]] static Result<Secrets> secrets_of(SqliteDatabase& database);
  [[nodiscard]] Result<void> prepare_statements();
  [[nodiscard]] Result<void> load_campaigns();
  [[nodiscard]] Result<void> load_coupons(const Fingerprints& fingerprints);
  [[nodiscard]] Result<void> write_rows(const BatchRows& rows);
  [[nodiscard]] Result<void> write_settlement(const Settlement& settlement);
  [[nodiscard]] Result<void> write_campaigns(std::span<const Campaign> campaigns);
  void remember(const BatchRows& rows);
  void keep(const Campaign& campaign);
  void lose(const Error& error);
  void checkpoint();

  FileLock lock_;
  SqliteDatabase database_;
  Statements statements_;
  CouponCodes codes_;
  Cursors cursors_;
  std::unique_ptr<CouponIndex> index_;
  std::vector<Campaign> campaigns_;  // number n at n - 1
  std::unordered_map<std::string, CampaignNumber> numbers_;
  std::uint32_t next_seq_ = 1;
  const int checkpoint_pages_;
  int wal_pages_ = 0;    // in the log as of the last commit
  int moved_pages_ = 0;  // of these, in the database file too
  std::optional<Error> lost_;

  Histogram& write_seconds_;
  Histogram& sync_seconds_;
  Histogram& checkpoint_seconds_;
};

}  // namespace firstcome
