#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "issue/issuer.hpp"
#include "issue/pacer.hpp"
#include "issue/verdict.hpp"
#include "ledger/ledger.hpp"
#include "observe/metrics.hpp"
#include "queue/queue.hpp"

// Drives the issuer: takes what has arrived and what is due from the queue, has it decided, commits
// it, and only then tells. One step is one batch and at most one commit; nothing in it waits but
// the ledger. So that a thread can run it, and a simulation can step it.
//
// The order within a step is what the promises rest on: commit → the ledger's memory → the board
// (on_campaign) → verdicts → settle. A claim leaves the queue only after its verdict was given.
//
// Thread rule: one thread calls step(); submit() may be called by any.

namespace firstcome {

// Told on the issuing thread, must not block.
class DriverEvents {
 public:
  DriverEvents() = default;
  DriverEvents(const DriverEvents&) = delete;
  DriverEvents& operator=(const DriverEvents&) = delete;
  virtual ~DriverEvents() = default;

  // A campaign was made or changed, or has issued more.
  virtual void on_campaign(const Campaign& campaign) = 0;
  // All verdicts of one batch for one desk.
  virtual void on_verdicts(std::uint16_t desk, std::vector<Verdict> verdicts) = 0;
  virtual void on_changed(ReplyTo reply_to, Result<Ledger::Changed> result) = 0;
};

class Driver {
 public:
  struct Options {
    std::size_t batch_claims_max = 4096;
    // A line that is due at once (its campaign became instant) is drained in such pieces.
    std::size_t line_claims_max = 4096;
  };

  Driver(Options options, Ledger& ledger, Queue& queue, const Issuer& issuer, const Clock& clock,
         DriverEvents& events, Metrics::Shard& metrics);

  // Publishes every campaign and parks what the ledger remembers. Call once, before step().
  [[nodiscard]] Result<void> restore(const Fingerprints& fingerprints, Epoch epoch);

  // Asks for a change of a campaign; on_changed() tells how it went. The caller rings the bell.
  void submit(const CampaignChange& change, ReplyTo reply_to);

  struct Next {
    bool more = false;                  // there is more to do now
    std::optional<Monotonic> due_at{};  // when the next line is due
    std::optional<Error> failed{};      // the ledger can commit no more: stop the process
  };
  Next step();

 private:
  struct Submitted {
    CampaignChange change;
    ReplyTo reply_to;
  };
  struct DueLine {
    CampaignNumber campaign;
    std::vector<Claim> claims;
  };
  struct Batch {
    std::vector<DueLine> due{};
    std::span<const Claim> arrivals{};
    std::vector<Candidate> candidates{};  // the due claims, then the arrivals
  };

  // Whether there were any.
  bool change_campaigns();
  [[nodiscard]] std::vector<DueLine> take_due(Monotonic now);
  [[nodiscard]] Result<void> add_candidates(Batch& batch, std::span<const Claim> claims, bool due);
  [[nodiscard]] Result<Decision> decide(Batch& batch);
  [[nodiscard]] CommitResult commit(const BatchRows& rows);
  void conclude(const Batch& batch, Decision& decision);
  void abandon(const Batch& batch, CommitResult result);
  void settle_lines(const Batch& batch, const Decision& decision);
  void park(const Batch& batch, Decision& decision);
  void publish(const BatchRows& rows);
  void tell(std::span<const Claim> claims, std::span<const Answer> answers, Verdict::Kind kind);
  // Whether anyone was told so; more may wait.
  bool refuse_everything();

  [[nodiscard]] bool parks(const Campaign& campaign, const Batch& batch) const;
  [[nodiscard]] std::optional<Place> waiting_place(const Claim& claim,
                                                   const Campaign& campaign) const;
  [[nodiscard]] std::size_t line_share(const Campaign& campaign) const;
  [[nodiscard]] static Monotonic tick_of(const Campaign& campaign);

  const Options options_;
  Ledger& ledger_;
  Queue& queue_;
  const Issuer& issuer_;
  const Clock& clock_;
  DriverEvents& events_;
  Epoch epoch_{};
  Pacer pacer_;
  std::optional<Error> failed_;
  std::vector<std::vector<Verdict>> verdicts_;  // by desk, of the batch being told

  std::mutex submitted_mutex_;
  std::vector<Submitted> submitted_;  // guarded by submitted_mutex_

  Histogram& batch_claims_;
  Histogram& queue_wait_seconds_;
  Counter& commits_;
};

}  // namespace firstcome
