#include "load/source.hpp"

#include <algorithm>
#include <cmath>

namespace firstcome::load {

ClosedSource::ClosedSource(std::atomic<std::uint64_t>& taken, std::uint64_t requests,
                           Monotonic deadline)
    : taken_(taken), requests_(requests), deadline_(deadline) {}

std::optional<Job> ClosedSource::take(Monotonic now) {
  if (exhausted(now)) return std::nullopt;
  const std::uint64_t index = taken_.fetch_add(1, std::memory_order_relaxed);
  if (index >= requests_) return std::nullopt;  // another thread took the last one
  return Job{.index = index};
}

std::uint64_t ClosedSource::waiting(Monotonic now) const {
  const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
  return now >= deadline_ || taken >= requests_ ? 0 : requests_ - taken;
}

OpenSource::OpenSource(double rate, std::uint64_t requests, Monotonic start, Stride stride)
    : interval_ns_(1e9 / rate),
      start_(start),
      stride_(stride),
      count_(requests <= stride.first ? 0 : (requests - stride.first - 1) / stride.of + 1) {}

std::uint64_t OpenSource::index_of(std::uint64_t own) const {
  return stride_.first + own * stride_.of;
}

// From the start and not from the one before, so that rounding does not add up.
Monotonic OpenSource::due(std::uint64_t own) const {
  return start_ + Monotonic{std::llround(static_cast<double>(index_of(own)) * interval_ns_)};
}

// How many of this share are due; due() decides, the division only says where to look.
std::uint64_t OpenSource::due_by(Monotonic now) const {
  if (now < start_) return 0;
  const double index = static_cast<double>((now - start_).count()) / interval_ns_;
  std::uint64_t own = std::min(count_, static_cast<std::uint64_t>(index) / stride_.of);
  while (own > 0 && due(own - 1) > now) --own;
  while (own < count_ && due(own) <= now) ++own;
  return own;
}

std::optional<Job> OpenSource::take(Monotonic now) {
  if (exhausted(now) || due(taken_) > now) return std::nullopt;
  const std::uint64_t own = taken_++;
  return Job{.index = index_of(own), .due = due(own)};
}

std::uint64_t OpenSource::waiting(Monotonic now) const {
  const std::uint64_t all = due_by(now);
  return all > taken_ ? all - taken_ : 0;  // the clock may be read a little earlier than at take()
}

std::optional<Monotonic> OpenSource::next_due(Monotonic now) const {
  const std::uint64_t own = std::max(taken_, due_by(now));
  if (own >= count_) return std::nullopt;
  return due(own);
}

}  // namespace firstcome::load
