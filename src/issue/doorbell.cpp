#include "issue/doorbell.hpp"

#include <utility>

namespace firstcome {

void Doorbell::ring() {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(pending_, true)) return;
  }
  rang_.notify_one();
}

bool Doorbell::wait(std::optional<Monotonic> wait_max) {
  std::unique_lock lock(mutex_);
  const auto is_pending = [this] { return pending_; };
  if (wait_max) {
    rang_.wait_for(lock, *wait_max, is_pending);
  } else {
    rang_.wait(lock, is_pending);
  }
  return std::exchange(pending_, false);
}

}  // namespace firstcome
