#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "load/connection.hpp"
#include "load/plan.hpp"
#include "load/recorder.hpp"
#include "load/request.hpp"
#include "load/source.hpp"
#include "net/event_loop.hpp"

// One thread's connections and the loop that drives them. A source says what is due; the worker
// sends it on an idle connection, opens another while its limit allows, and otherwise lets it wait.
// Both models are this one rule: in the closed model something is always due, so each connection is
// a virtual user that sends again when its reply is there.
//
// Thread rule: warm_up() and measure() run on one thread and block until that phase is over; wake()
// is for any thread.

namespace firstcome::load {

class Worker final : private Connection::Owner {
 public:
  // `connections` is this worker's share. Everything is borrowed and outlives this.
  Worker(const Plan& plan, std::uint64_t connections, ClaimRequest request, Recorder& recorder,
         const Clock& clock, const std::atomic<Ending>& ending);

  // Sends what the source gives as reads of the campaign, and records nothing.
  void warm_up(Source& source, Monotonic end);

  // Sends it as claims. After `end` replies are awaited for at most the plan's timeout; what has
  // not been sent or answered by then is recorded as failed.
  void measure(Source& source, Monotonic end);

  // Makes it look at `ending` at once.
  void wake() {
    loop_.post([] {});
  }

  [[nodiscard]] std::size_t connections_peak() const noexcept { return peak_; }

 private:
  void on_idle(Connection& connection) override;
  void on_reply(Connection& connection) override;
  void on_broken(Connection& connection, std::string_view why) override;

  void run(Source& source, Monotonic end);
  void pump(Monotonic now);
  [[nodiscard]] bool send_next(Connection& connection, Monotonic now);
  void use_idle(Monotonic now);
  void open_more(Monotonic now);
  [[nodiscard]] bool open_one(Monotonic now);
  [[nodiscard]] bool may_open(Monotonic now) const;
  [[nodiscard]] bool needs_more(Monotonic now) const;
  void connect_failed(Monotonic now, std::string_view why);
  void sweep(Monotonic now);
  void obey_ending(Monotonic now);
  void end_phase();
  void record(const Job& job, const Moments& moments, const Answer& answer);
  void record_unsent(const Job& job, Monotonic now, std::string_view why);
  void erase(Connection& connection);
  [[nodiscard]] Monotonic wait_max(Monotonic now) const;

  const Plan& plan_;
  std::size_t connections_max_;
  ClaimRequest request_;
  std::string warmup_text_;
  Recorder& recorder_;
  const Clock& clock_;
  const std::atomic<Ending>& ending_;

  EventLoop loop_{};
  std::vector<char> scratch_;
  Connection::Shared shared_;
  std::vector<std::unique_ptr<Connection>> connections_{};
  std::vector<Connection*> idle_{};  // the last used is used next
  std::size_t connecting_ = 0;
  std::size_t busy_ = 0;
  std::size_t peak_ = 0;
  Monotonic rest_until_{};  // no connection is opened before

  // Of the phase that runs.
  Source* source_ = nullptr;
  bool measured_ = false;
  bool stopped_ = false;  // nothing new is sent
  Monotonic stopped_at_{};
  Monotonic hard_end_{};
  Monotonic next_sweep_{};
};

}  // namespace firstcome::load
