#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "core/verdict.hpp"
#include "issue/batch_size.hpp"
#include "issue/issuer.hpp"
#include "issue/pacer.hpp"
#include "ledger/ledger.hpp"
#include "observe/metrics.hpp"
#include "queue/queue.hpp"

// Drives the issuer: takes what has arrived and what is due from the queue, has it decided, commits
// it, and only then tells. One step is one batch and at most one commit; nothing in it waits but
// the ledger. So that a thread can run it, and a simulation can step it.
//
// The order within a step is what the promises rest on: commit → the ledger's memory → the board
// (on_campaign) → verdicts → settle. A claim leaves the queue only after its verdict was given.
// After a commit that is neither yes nor no, nothing else is done until it is known which.
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
    // Batches are smaller while the ledger is slow: see BatchSize.
    std::size_t batch_claims_max = 4096;
    // A line that is due at once (its campaign became instant) is drained in such pieces at most.
    std::size_t line_claims_max = 4096;
  };

  Driver(Options options, Ledger& ledger, Queue& queue, const Issuer& issuer, const Clock& clock,
         DriverEvents& events, Metrics::Shard& metrics);

  // Publishes every campaign and parks what the ledger remembers. Call once, before step().
  [[nodiscard]] Result<void> restore(const Fingerprints& fingerprints);

  // Reads how many claims a batch may have by now. Any thread; may outlive the driver.
  [[nodiscard]] std::function<double()> batch_claims_limit() const;

  // Asks for a change of a campaign; on_changed() tells how it went. The caller rings the bell.
  void submit(const CampaignChange& change, ReplyTo reply_to);

  struct Next {
    bool more = false;                  // there is more to do now
    std::optional<Monotonic> due_at{};  // when there will be something to do, unless claims arrive
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
    std::size_t count;
  };
  struct Batch {
    std::vector<DueLine> lines{};
    std::vector<Claim> due{};  // of the lines, one after the other
    std::span<Claim> arrivals{};
    std::vector<Candidate> candidates{};  // the due claims, then the arrivals
  };
  struct Made {
    ReplyTo reply_to;
    Result<Ledger::Changed> result;
    Monotonic at;
  };
  struct Unsure {
    Batch batch;
    Decision decision;
  };

  [[nodiscard]] std::vector<Submitted> take_submitted();
  // Whether there were any.
  bool change_campaigns();
  [[nodiscard]] Batch take(Monotonic now);
  void add_due_line(Batch& batch, CampaignNumber number, Monotonic now);
  void work(Batch batch);
  [[nodiscard]] Result<Decision> decide(Batch& batch);
  void add_candidates(Batch& batch, const BatchState& state);
  [[nodiscard]] CommitResult commit(const Result<Decision>& decision);
  void learn(std::size_t rows, Monotonic took);
  void conclude(const Batch& batch, Decision& decision);
  void abandon(const Batch& batch, CommitResult result);
  // Decides the batch anew in the next step.
  void repeat(const Batch& batch);
  // Whether what became of the unsure batch is known by now.
  bool find_out();
  void follow(Monotonic now);
  // Says of changes that they are made, once all servers act on them.
  void tell_changes();
  void catch_up(const News& news);
  void settle_lines(const Batch& batch, const Decision& decision);
  void park(const Batch& batch, Decision& decision);
  void publish(const BatchRows& rows);
  void show(const Campaign& campaign);
  void tell(std::span<const Claim> claims, std::span<const Answer> answers, Verdict::Kind kind);
  // Refuses changes, and the claims behind the `count` oldest. Whether there were claims.
  bool refuse_behind(std::size_t count, const Error& why);

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
  Pacer pacer_;
  BatchSize batch_size_;
  const std::shared_ptr<std::atomic<std::size_t>> batch_claims_limit_;  // as metrics read it
  std::optional<Unsure> unsure_;                                        // its commit is unknown
  int repeats_ = 0;                                                     // of the batch at the front
  bool is_put_off_ = false;  // that batch, to be decided a moment later
  Monotonic follow_at_{0};
  std::optional<Error> failed_;
  std::vector<std::vector<Verdict>> verdicts_;  // by desk, of the batch being told

  std::mutex submitted_mutex_;
  std::vector<Submitted> submitted_;  // guarded by submitted_mutex_
  std::vector<Made> made_;            // and not told

  Histogram& batch_claims_;
  Histogram& queue_wait_seconds_;
  Counter& commits_;
};

}  // namespace firstcome
