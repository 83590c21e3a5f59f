#pragma once

#include <cstddef>

#include "core/clock.hpp"
#include "load/plan.hpp"
#include "load/tally.hpp"

// What a load test came to: everything that reports and thresholds are made from. Plain value.

namespace firstcome::load {

struct Run {
  Plan plan{};
  Tally tally{};
  Time started_at{};
  Monotonic elapsed{};  // from the first instant that counts to the last reply
  std::size_t connections_peak = 0;
  bool interrupted = false;

  // Requests a second; 0 when no time passed.
  [[nodiscard]] double per_second() const noexcept {
    const std::chrono::duration<double> seconds = elapsed;
    return elapsed.count() == 0 ? 0 : static_cast<double>(tally.requests()) / seconds.count();
  }
};

}  // namespace firstcome::load
