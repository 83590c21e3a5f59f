#pragma once

#include "core/clock.hpp"

// Time in a simulation: it stands still until somebody moves it on, and the wall clock can jump
// both ways, as it does when an operator or NTP sets it. One thread.

namespace firstcome::sim {

class SimClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    return wall_start_ + std::chrono::floor<std::chrono::milliseconds>(monotonic_) + jumped_;
  }
  [[nodiscard]] Monotonic monotonic() const override { return monotonic_; }

  void move_to(Monotonic time) {
    if (time > monotonic_) monotonic_ = time;
  }
  void jump_wall(std::chrono::milliseconds by) { jumped_ += by; }

 private:
  Time wall_start_{std::chrono::hours(24 * 365 * 55)};
  Monotonic monotonic_{std::chrono::hours(1)};
  std::chrono::milliseconds jumped_{0};
};

}  // namespace firstcome::sim
