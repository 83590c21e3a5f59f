#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "queue/queue.hpp"

// The queue of one process: arrivals in a vector under a mutex, so that tickets are given at one
// point; parked claims in a line a campaign. It remembers nothing across a crash: instant claims
// were not answered yet, parked ones are in the ledger and are parked again at start.
//
// Invariants: arrivals are in the order in which they came, which is that of the tickets given
// here; within a line tickets rise, so a claim's position is its index; `taken_` holds what
// take_batch() has shown and settle() has not removed.

namespace firstcome {

class MemoryQueue final : public Queue {
 public:
  // `on_work` is called after claims arrived, on the thread that brought them; it must not block.
  // Tickets start at `first`, above every ticket in the ledger.
  MemoryQueue(Epoch epoch, Ticket first, std::function<void()> on_work);
  ~MemoryQueue() override;

  void enqueue(std::span<Claim> claims) override;
  [[nodiscard]] std::span<Claim> take_batch(std::size_t max) override;
  void settle(std::size_t count) override;
  // All of its claims came from this process's desks.
  void answer(std::span<const Verdict>) override {}
  void note_campaign(const Campaign&) override {}
  void leave_to_another(CampaignNumber campaign) override;
  [[nodiscard]] std::vector<Claim> take_out(CampaignNumber campaign) override;
  [[nodiscard]] std::vector<Claim> drop_behind(std::size_t count) override;
  void park(const Claim& claim) override;
  void remember(CampaignNumber campaign, const Identity& identity, Ticket ticket,
                Outcome outcome) override;
  [[nodiscard]] std::vector<Claim> front_of_line(CampaignNumber campaign, std::size_t max) override;
  void settle_line(CampaignNumber campaign, std::span<const Outcome> outcomes) override;
  [[nodiscard]] std::uint64_t line_length(CampaignNumber campaign) const override;
  [[nodiscard]] Ticket line_back(CampaignNumber campaign) const override;
  [[nodiscard]] std::optional<Place> place(CampaignNumber campaign,
                                           const Identity& identity) const override;
  [[nodiscard]] std::optional<Place> look_up(CampaignNumber, const UserId&) override {
    return std::nullopt;
  }
  [[nodiscard]] QueueDepth depth() const override;

 private:
  struct Lines;  // the parked claims of all campaigns

  const Epoch epoch_;
  const std::function<void()> on_work_;

  mutable std::mutex arrivals_mutex_;
  std::uint64_t next_ticket_;    // guarded by arrivals_mutex_
  std::vector<Claim> arrivals_;  // guarded by arrivals_mutex_
  std::uint64_t waiting_ = 0;    // arrived and not settled; guarded by arrivals_mutex_

  std::vector<Claim> taken_;  // the issuing thread's own
  std::size_t settled_ = 0;   // of taken_, from its front

  // False until a claim is parked: a process without paced campaigns never takes the lock below.
  std::atomic<bool> has_lines_{false};
  mutable std::shared_mutex lines_mutex_;
  std::unique_ptr<Lines> lines_;  // guarded by lines_mutex_
};

}  // namespace firstcome
