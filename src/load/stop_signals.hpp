#pragma once

#include <csignal>
#include <functional>

#include "net/event_loop.hpp"
#include "net/fd.hpp"

// Ctrl-C and SIGTERM as events of a loop instead of asynchronous handlers.
//
// Make it before the threads that shall not be interrupted: they inherit the blocked signals. On
// destruction the signals do again what they did before.

namespace firstcome::load {

class StopSignals final : private EventLoop::Handler {
 public:
  // Calls `on_signal` on the loop's thread for each signal. `loop` outlives this.
  StopSignals(EventLoop& loop, std::function<void()> on_signal);
  ~StopSignals() override;

 private:
  void on_events(std::uint32_t events) override;

  EventLoop& loop_;
  std::function<void()> on_signal_;
  sigset_t before_{};
  Fd fd_;
};

}  // namespace firstcome::load
