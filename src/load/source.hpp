#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"

// Which request comes next, and when it is due. Two models:
//
// ClosedSource: so many requests, each as soon as a virtual user is free. Threads share one
// counter. OpenSource: request k is due at start + k / rate, whatever became of those before it. A
// request that nobody could send yet stays first in line, and its due time is what its latency is
// counted from: the wait of a stall cannot vanish (no coordinated omission).
//
// No clock and no socket inside: the time is handed in. One thread each; only the closed source's
// counter is shared.

namespace firstcome::load {

struct Job {
  std::uint64_t index = 0;         // 0, 1, 2, … over all threads
  std::optional<Monotonic> due{};  // none: now
};

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // The next request, unless none is due at `now`.
  [[nodiscard]] virtual std::optional<Job> take(Monotonic now) = 0;

  // How many take() would give at `now`.
  [[nodiscard]] virtual std::uint64_t waiting(Monotonic now) const = 0;

  // When waiting() grows next by itself; none when it never does.
  [[nodiscard]] virtual std::optional<Monotonic> next_due(Monotonic now) const = 0;

  // Nothing will ever be due again.
  [[nodiscard]] virtual bool exhausted(Monotonic now) const = 0;
};

class ClosedSource final : public Source {
 public:
  // Ends after `requests` in all threads together, or at `deadline`. `taken` outlives this.
  ClosedSource(std::atomic<std::uint64_t>& taken, std::uint64_t requests, Monotonic deadline);

  [[nodiscard]] std::optional<Job> take(Monotonic now) override;
  [[nodiscard]] std::uint64_t waiting(Monotonic now) const override;
  [[nodiscard]] std::optional<Monotonic> next_due(Monotonic) const override { return {}; }
  [[nodiscard]] bool exhausted(Monotonic now) const override { return waiting(now) == 0; }

 private:
  std::atomic<std::uint64_t>& taken_;
  std::uint64_t requests_;
  Monotonic deadline_;
};

// Every `of`th request of a schedule, from number `first` on: a thread's share.
struct Stride {
  std::uint64_t first = 0;
  std::uint64_t of = 1;
};

class OpenSource final : public Source {
 public:
  // `rate` requests a second, `requests` in all, the first at `start`.
  OpenSource(double rate, std::uint64_t requests, Monotonic start, Stride stride = {});

  [[nodiscard]] std::optional<Job> take(Monotonic now) override;
  [[nodiscard]] std::uint64_t waiting(Monotonic now) const override;
  [[nodiscard]] std::optional<Monotonic> next_due(Monotonic now) const override;
  [[nodiscard]] bool exhausted(Monotonic) const override { return taken_ == count_; }

 private:
  [[nodiscard]] std::uint64_t index_of(std::uint64_t own) const;
  [[nodiscard]] Monotonic due(std::uint64_t own) const;
  [[nodiscard]] std::uint64_t due_by(Monotonic now) const;

  double interval_ns_;
  Monotonic start_;
  Stride stride_;
  std::uint64_t count_;      // of this share
  std::uint64_t taken_ = 0;  // of this share
};

}  // namespace firstcome::load
