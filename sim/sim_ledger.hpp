#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <vector>

#include "core/coupon.hpp"
#include "ledger/campaign_staging.hpp"
#include "ledger/ledger.hpp"
#include "sim/scene.hpp"

// A ledger with a disk that outlives it. What is on the disk is the truth, and the judge is told of
// each row as it gets there; what is in memory dies with the process. It does everything that the
// contract allows an engine to do, whenever that is worst: it is slow, it refuses, it does not know
// whether it committed, it is lost for good, and the process dies before or after the commit.

namespace firstcome::sim {

struct Disk {
  Epoch epoch{};
  std::vector<Campaign> campaigns{};
  std::vector<CouponRow> coupons{};
  std::vector<ParkedClaim> parked{};
};

class SimLedger final : public Ledger {
 public:
  // Reads the disk, as an engine does when it is opened.
  SimLedger(Scene& scene, Disk& disk, const Fingerprints& fingerprints);

  [[nodiscard]] Ticket first_free_ticket() const;
  [[nodiscard]] Epoch take_epoch();

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
  [[nodiscard]] std::optional<Error> lost() const override { return lost_; }
  void between_batches() override;
  void when_idle() override {}
  [[nodiscard]] std::optional<Standing> recall(CampaignNumber campaign,
                                               const Identity& identity) const override;

  // Whether it has yet to be told what became of its last commit.
  [[nodiscard]] bool is_unsure() const { return unknown_landed_.has_value(); }

  // For as long as a desk asks for a status: then memory is asked that has all.
  void begin_status() { ++status_count_; }
  void end_status() { --status_count_; }

 private:
  struct Key {
    std::uint32_t campaign;
    Fingerprint print;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    using is_avalanching = void;
    std::size_t operator()(const Key& key) const noexcept {
      return key.print.low ^ (key.campaign * 0x9E3779B97F4A7C15ULL);
    }
  };
  struct Held {
    std::uint32_t coupons = 0;
    Coupon first{};
  };

  void add_to_index(const CouponRow& row, const Identity& identity);
  [[nodiscard]] Standing standing(CampaignNumber campaign, const Identity& identity) const;
  void keep(const Campaign& campaign);
  void write_campaigns(std::span<const Campaign> campaigns);
  void write(const BatchRows& rows);
  void remember(const BatchRows& rows);
  void forget_or_mark(const Settlement& settlement);
  CommitResult commit_soundly(const BatchRows& rows);
  CommitResult commit_unknown(const BatchRows& rows);
  CommitResult lose_at_commit(const BatchRows& rows);
  void wait_for_disk();
  void may_crash(const char* where);
  void lose(const char* message);

  Scene& scene_;
  Disk& disk_;
  std::vector<Campaign> campaigns_;
  boost::unordered_flat_map<Key, Held, KeyHash> by_user_;
  boost::unordered_flat_map<Key, Coupon, KeyHash> by_claim_;
  Epoch epoch_{};
  std::optional<Error> lost_;
  std::optional<bool> unknown_landed_;
  std::optional<BatchRows> unwritten_;  // of a planted bug: said to be durable, and is not yet
  int status_count_ = 0;
};

}  // namespace firstcome::sim
