#pragma once

#include <atomic>
#include <cstdint>

#include "load/answer.hpp"

// What a worker lets others see while it runs. The worker alone writes; any thread reads. On its
// own cache line, so that reading never slows another worker.

namespace firstcome::load {

struct alignas(64) Progress {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> served{0};
  std::atomic<std::uint64_t> failed{0};

  void add(Verdict verdict) noexcept {
    increment(requests);
    if (verdict == Verdict::served) increment(served);
    if (verdict == Verdict::failed) increment(failed);
  }

 private:
  // One writer: a plain add is enough, a locked one would cost more.
  static void increment(std::atomic<std::uint64_t>& counter) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

// How urgently a run shall end: set by whoever catches Ctrl-C, read by the workers every round.
enum class Ending : std::uint8_t {
  not_asked,
  soon,  // send nothing new, wait a moment for replies
  now,
};

}  // namespace firstcome::load
