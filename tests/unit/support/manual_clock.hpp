#pragma once

#include "core/clock.hpp"

// A clock that stands still until it is moved. One thread.

namespace firstcome::testing {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return start_ + passed_; }
  [[nodiscard]] Monotonic monotonic() const override { return passed_; }

  void advance(std::chrono::milliseconds by) { passed_ += by; }

 private:
  static constexpr Time start_{std::chrono::seconds(1'795'348'800)};  // 2026-11-22T12:00:00Z
  std::chrono::milliseconds passed_{0};
};

}  // namespace firstcome::testing
