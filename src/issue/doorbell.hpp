#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "core/clock.hpp"

// Wakes the issuing thread: any thread rings, one waits. A ring before the wait is not lost, and
// many rings wake once.

namespace firstcome {

class Doorbell {
 public:
  void ring();

  // Returns at the next ring, or when `wait_max` has passed (none: waits as long as it takes).
  // True when it rang.
  bool wait(std::optional<Monotonic> wait_max);

 private:
  std::mutex mutex_;
  std::condition_variable rang_;
  bool pending_ = false;  // guarded by mutex_
};

}  // namespace firstcome
