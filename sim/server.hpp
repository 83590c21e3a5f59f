#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "desk/board.hpp"
#include "desk/desk.hpp"
#include "issue/driver.hpp"
#include "queue/memory_queue.hpp"
#include "sim/scene.hpp"
#include "sim/sim_ledger.hpp"

// One server process, from its start to its death: the real board, desks, queue, issuer and driver,
// wired as main.cpp and serve.cpp wire them, over the simulated ledger. Stands in for the threads:
// each desk has rounds, in which requests and verdicts come in and at whose end the claims go out;
// the issuing thread steps when it is rung for or a line is due. One thread runs it all.

namespace firstcome::sim {

class Server final : public DriverEvents {
 public:
  // Takes the epoch and restores what is on the disk. `life` numbers the processes of a run,
  // from 1.
  Server(Scene& scene, Disk& disk, std::uint32_t life);

  [[nodiscard]] std::uint32_t life() const { return life_; }

  void take_request(std::uint32_t attempt);
  void end_round(std::uint16_t desk);
  void take_verdicts(std::uint16_t desk);
  // In the middle of a request, cut in on by the issuing thread.
  [[nodiscard]] bool is_busy(std::uint16_t desk) const { return desks_[desk].busy; }
  [[nodiscard]] std::optional<Desk::Status> status(std::uint16_t desk, const Wish& wish);
  void submit(const CampaignChange& change);

  // A step of the issuing thread, unless it is in the middle of one.
  void step();
  void issuer_may_cut_in();

  // This event is for somebody in the middle of something: it will come again.
  [[nodiscard]] bool put_off(const Event& event);

  void drain();
  // Everybody who waits has been answered, or the process cannot go on anyway.
  [[nodiscard]] bool is_drained() const;
  void check_idle() const;

  void on_campaign(const Campaign& campaign) override;
  void on_verdicts(std::uint16_t desk, std::vector<Verdict> verdicts) override;
  void on_changed(ReplyTo reply_to, Result<Ledger::Changed> result) override;

 private:
  struct Post {
    std::unique_ptr<Desk> desk;
    std::deque<std::vector<Verdict>> posted;
    bool busy = false;
    bool round_open = false;
  };
  class Busy;

  void ring();
  void set_timer(std::optional<Monotonic> due_at);
  void open_round(std::uint16_t desk);
  void reply(std::uint32_t attempt, const Reply& reply);
  void reply_at_once(std::uint32_t attempt, const Desk::Reply& said);
  void judge_verdict(const Verdict& verdict);
  [[nodiscard]] bool meets_busy(const Event& event) const;
  void resume_put_off();

  Scene& scene_;
  const std::uint32_t life_;
  const Fingerprints fingerprints_;
  Board board_;
  Service service_;
  SimLedger ledger_;
  std::unique_ptr<Queue> queue_;
  Issuer issuer_;
  std::unique_ptr<Driver> driver_;
  std::vector<Post> desks_;
  std::vector<Event> put_off_;
  bool issuer_busy_ = false;
  bool rung_ = false;
  std::optional<Monotonic> timer_;
};

}  // namespace firstcome::sim
