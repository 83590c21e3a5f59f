#pragma once

#include <cstdint>
#include <vector>

#include "core/clock.hpp"

// How often which span of time was seen, in buckets whose width grows with the value: below 2,048
// ns a bucket a nanosecond, above that 1,024 buckets for each power of two. A percentile is the
// middle of its bucket, so it is off by at most 1 part in 2,048 (0.05 %) up to 73 minutes; longer
// spans share the last bucket. Count, average, minimum and maximum are exact. A constant 264 KiB,
// however many values there are.
//
// Thread rule: one thread at a time. Merging adds the counts, so threads keep one each.

namespace firstcome::load {

class Histogram {
 public:
  Histogram();

  void add(Monotonic span);
  void merge(const Histogram& other);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  // Zero when nothing was added.
  [[nodiscard]] Monotonic min() const noexcept { return count_ == 0 ? Monotonic{} : min_; }
  [[nodiscard]] Monotonic max() const noexcept { return max_; }
  [[nodiscard]] Monotonic average() const noexcept;

  // The smallest value that at least `percent` of all values do not exceed (nearest rank);
  // 0 <= percent <= 100.
  [[nodiscard]] Monotonic percentile(double percent) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  Monotonic sum_{};
  Monotonic min_ = Monotonic::max();
  Monotonic max_{};
};

}  // namespace firstcome::load
