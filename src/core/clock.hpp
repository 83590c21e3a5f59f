#pragma once

#include <chrono>

// Time as the rest of the code sees it. Wall time decides windows and is written down; monotonic
// time measures and paces. Both come from a Clock, so that tests and the simulation set them.

namespace firstcome {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;  // UTC
using Monotonic = std::chrono::nanoseconds;                     // since some start, never backwards

// Thread-safe: any thread may ask at any time.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual Monotonic monotonic() const = 0;
};

// The machine's CLOCK_REALTIME and CLOCK_MONOTONIC.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
  [[nodiscard]] Monotonic monotonic() const override;
};

}  // namespace firstcome
