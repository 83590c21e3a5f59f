#include "issue/issuing_thread.hpp"

#include <pthread.h>

#include <algorithm>

namespace firstcome {
namespace {

// Long enough that a drop's own pauses are not taken for its end.
constexpr Monotonic idle_after = std::chrono::milliseconds(200);

}  // namespace

IssuingThread::IssuingThread(Driver& driver, Ledger& ledger, Doorbell& bell, const Clock& clock,
                             std::function<void(const Error&)> on_failed)
    : driver_(driver),
      ledger_(ledger),
      bell_(bell),
      clock_(clock),
      on_failed_(std::move(on_failed)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

IssuingThread::~IssuingThread() {
  thread_.request_stop();
  bell_.ring();
}

void IssuingThread::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "issuing");  // as top and perf show it
  bool told_failed = false;
  bool tidy = true;
  while (!stop.stop_requested()) {
    const Driver::Next next = driver_.step();
    if (next.failed && !std::exchange(told_failed, true)) on_failed_(*next.failed);
    if (next.more) {
      tidy = false;
      continue;
    }
    std::optional<Monotonic> wait_max;
    if (next.due_at) wait_max = std::max(Monotonic{0}, *next.due_at - clock_.monotonic());
    if (!tidy) wait_max = std::min(wait_max.value_or(idle_after), idle_after);
    const bool rang = bell_.wait(wait_max);
    if (!rang && !tidy && !next.failed && (!wait_max || *wait_max == idle_after)) {
      ledger_.when_idle();
      tidy = true;
    }
  }
}

}  // namespace firstcome
