#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "engines/support/mysql_server.hpp"
#include "issue/issuer.hpp"
#include "ledger/mysql/mysql_ledger.hpp"
#include "ledger/mysql/mysql_pool.hpp"
#include "observe/metrics.hpp"

// One of the servers on a ledger, taken apart: its batches are taken, decided and committed by
// hand, so that a test can put the steps of several into any order. What fails unexpectedly ends
// the test program.

namespace firstcome::testing {

// The system's, and as much later as it is told.
class LaterClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return system_.now(); }
  [[nodiscard]] Monotonic monotonic() const override { return system_.monotonic() + later_; }
  void pass(Monotonic time) { later_ += time; }

 private:
  const SystemClock system_{};
  Monotonic later_{0};
};

struct HandBatch {
  std::vector<Claim> due{};
  std::vector<Claim> arrivals{};
  Decision decision{};
};

class LedgerNode {
 public:
  explicit LedgerNode(const Database& database, const MysqlTimeouts& timeouts = {});

  // Makes or changes a campaign. -> its number
  CampaignNumber put(const std::string& id, const CampaignPatch& patch);
  // The same, where it may be refused: the refusal's field, "" when it is done.
  [[nodiscard]] std::string try_put(const std::string& id, const CampaignPatch& patch);

  // The claims of these users, each of one campaign.
  [[nodiscard]] static std::vector<Claim> claims(CampaignNumber campaign,
                                                 const std::vector<std::string>& users);

  // Locks or presumes, and decides. The error is state_for()'s.
  [[nodiscard]] Result<HandBatch> begin(std::vector<Claim> arrivals, std::vector<Claim> due = {});
  // A whole batch, repeated as the ledger asks: "issued 1, sold_out, issued 2'", ' marks a repeated
  // answer.
  std::string claim(CampaignNumber campaign, const std::vector<std::string>& users);
  [[nodiscard]] static std::string words(const HandBatch& batch);

  // For this server, so much time has passed since it last heard of the others.
  void pass(Monotonic time) { clock_.pass(time); }

  // Looks after the others, as the driver does: what is new is told to nobody but the caller.
  News follow();
  // All of these follow until each knows that all act on every change.
  static void agree(std::initializer_list<LedgerNode*> nodes);

  // How a user stands, told to who has seen so much of it: "queued 3 at 2, coupon 1, coupon 4".
  [[nodiscard]] std::string standing(CampaignNumber campaign, const std::string& user,
                                     const SeenInLine& seen);

  [[nodiscard]] MysqlLedger& operator*() const { return *ledger_; }
  [[nodiscard]] MysqlLedger* operator->() const { return ledger_.get(); }

 private:
  LaterClock clock_{};
  Metrics metrics_{};
  MysqlPool pool_;
  std::unique_ptr<MysqlLedger> ledger_;
};

}  // namespace firstcome::testing
