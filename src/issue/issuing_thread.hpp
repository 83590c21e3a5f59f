#pragma once

#include <functional>
#include <thread>

#include "core/clock.hpp"
#include "issue/doorbell.hpp"
#include "issue/driver.hpp"

// The one thread that issues: steps the driver while there is work, sleeps on the doorbell when
// there is none, and lets the ledger tidy up once it has been idle for a moment.

namespace firstcome {

class IssuingThread {
 public:
  // `on_failed` is called once, on this thread, when the ledger can commit no more; the thread then
  // goes on to refuse what still arrives.
  IssuingThread(Driver& driver, Ledger& ledger, Doorbell& bell, const Clock& clock,
                std::function<void(const Error&)> on_failed);
  ~IssuingThread();  // stops after the step at hand and joins
  IssuingThread(const IssuingThread&) = delete;
  IssuingThread& operator=(const IssuingThread&) = delete;

 private:
  void run(const std::stop_token& stop);

  Driver& driver_;
  Ledger& ledger_;
  Doorbell& bell_;
  const Clock& clock_;
  std::function<void(const Error&)> on_failed_;
  std::jthread thread_;
};

}  // namespace firstcome
