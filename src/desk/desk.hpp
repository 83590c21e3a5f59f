#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "core/claim.hpp"
#include "core/identity.hpp"
#include "core/verdict.hpp"
#include "desk/board.hpp"
#include "ledger/ledger.hpp"
#include "observe/metrics.hpp"
#include "queue/queue.hpp"

// Where a claim is answered at once or is asked to wait. Every I/O thread has a desk of its own: it
// answers from the board and the ledger's memory what cannot change any more (repeated, not open,
// closed, sold out, …) and gathers the rest, which goes to the queue as one message at the end of
// the round. It holds no truth: a no is said only of what was committed.
//
// Thread rule: a desk belongs to its I/O thread. Service is shared and atomic.

namespace firstcome {

// Whether new claims may be taken, the same for all desks.
class Service {
 public:
  enum class State : std::uint8_t { starting, ready, draining, failed };

  [[nodiscard]] State state() const { return state_.load(std::memory_order_acquire); }
  // Failed is final: a start or a stop that goes on beside the failure does not hide it.
  void set(State state) {
    State present = state_.load(std::memory_order_relaxed);
    while (present != State::failed &&
           !state_.compare_exchange_weak(present, state, std::memory_order_acq_rel)) {
    }
  }

 private:
  std::atomic<State> state_{State::starting};
};

class Desk {
 public:
  struct Parts {
    const Board& board;
    const Ledger& ledger;
    Queue& queue;
    const Fingerprints& fingerprints;
    const Clock& clock;
    const Service& service;
  };

  // Refused before a ticket; nothing was taken.
  enum class Refusal : std::uint8_t { unknown_campaign, overloaded, draining, unavailable };
  // The verdict follows.
  struct Wait {};
  using Reply = std::variant<Answer, Refusal, Wait>;

  struct Limits {
    std::size_t waiting_max = 20'000;       // claims for their verdict, at this desk
    std::uint64_t queue_depth = 1'000'000;  // claims in a campaign's line
  };

  Desk(const Parts& parts, const Limits& limits, Metrics::Shard& metrics);

  // Answers in the precedence of the contract: campaign exists, already issued, paused, not open,
  // closed, limit reached, sold out, overload.
  [[nodiscard]] Reply claim(const CampaignId& campaign, const UserId& user,
                            const IdempotencyKey& key, ReplyTo reply_to);

  // How a user stands in a campaign, for who asks later.
  struct Status {
    Campaign campaign{};
    bool is_certain = true;  // false: another server may have issued or parked more
    std::uint32_t coupons = 0;
    std::optional<Coupon> first{};  // the user's first coupon
    Ticket line_back{};             // how far the line is known
    std::optional<Place> place{};   // of the user's newest claim that was parked
    std::chrono::milliseconds eta{0};
  };
  [[nodiscard]] std::optional<Status> status(const CampaignId& campaign, const UserId& user) const;

  // Sends on what this round gathered. Called at the end of each round.
  void flush();

  // A verdict has arrived for one that waits here.
  void note_verdict(const Verdict& verdict);

  [[nodiscard]] std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::optional<Answer> answer_at_once(const Campaign& campaign,
                                                     const Standing& standing, Time now) const;
  [[nodiscard]] bool is_certain(const Campaign& campaign, const Answer& answer, Time now) const;
  [[nodiscard]] std::optional<Answer> answer_if_parked(const Campaign& campaign,
                                                       const Identity& identity) const;
  [[nodiscard]] std::optional<Refusal> refusal() const;
  [[nodiscard]] bool is_line_full(const Campaign& campaign) const;
  void count(const Answer& answer);

  const Parts parts_;
  const Limits limits_;
  std::atomic<std::size_t> waiting_{0};  // written by the desk's thread, read for the metrics
  std::vector<Claim> gathered_;

  std::vector<Counter*> outcome_counters_;  // by Outcome
  Counter& repeated_counter_;
  Counter& refused_counter_;
};

}  // namespace firstcome
