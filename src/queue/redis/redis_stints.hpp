#pragma once

#include <algorithm>
#include <atomic>

#include "core/clock.hpp"

// How long something that is done again and again takes, lately, and so when the one at hand should
// end.
//
// One that takes very long says nothing of the next.
//
// Thread rule: one thread begins and ends, any may ask.

namespace firstcome {

class Stints {
 public:
  static constexpr Monotonic longest = std::chrono::milliseconds(20);

  void begin(Monotonic now) { begun_.store(now, std::memory_order_relaxed); }

  void end(Monotonic now) {
    const Monotonic begun = begun_.exchange(Monotonic{0}, std::memory_order_relaxed);
    if (begun == Monotonic{0}) return;
    const Monotonic known = duration();
    const Monotonic took = std::min(now - begun, longest);
    duration_.store(known + (took - known) / 4, std::memory_order_relaxed);
    ended_.store(now, std::memory_order_relaxed);
  }

  [[nodiscard]] Monotonic duration() const { return duration_.load(std::memory_order_relaxed); }
  [[nodiscard]] Monotonic ended_at() const { return ended_.load(std::memory_order_relaxed); }

  // Of the one at hand, as things go; 0 when there is none.
  [[nodiscard]] Monotonic ends_at() const {
    const Monotonic begun = begun_.load(std::memory_order_relaxed);
    return begun == Monotonic{0} ? begun : begun + duration();
  }

 private:
  std::atomic<Monotonic> begun_{Monotonic{0}};
  std::atomic<Monotonic> ended_{Monotonic{0}};
  std::atomic<Monotonic> duration_{Monotonic{0}};
};

}  // namespace firstcome
