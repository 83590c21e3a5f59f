#include "load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace firstcome::load {
namespace {

constexpr unsigned step_bits = 10;  // 1,024 buckets for a power of two
constexpr unsigned value_bits_max = 42;
constexpr std::uint64_t value_max = (std::uint64_t{1} << value_bits_max) - 1;

// Values below 2^11 are their own index. Above, the upper 11 bits choose the bucket and the number
// of bits that were cut off chooses the group of 1,024.
constexpr std::uint64_t bucket_of(std::uint64_t value) {
  const int bits = static_cast<int>(std::bit_width(value));
  const int cut = std::max(0, bits - static_cast<int>(step_bits) - 1);
  return (static_cast<std::uint64_t>(cut) << step_bits) + (value >> cut);
}

constexpr std::uint64_t middle_of(std::uint64_t bucket) {
  const std::uint64_t group = bucket >> step_bits;
  if (group <= 1) return bucket;
  const std::uint64_t cut = group - 1;
  const std::uint64_t low = (bucket - (cut << step_bits)) << cut;
  return low + ((std::uint64_t{1} << cut) - 1) / 2;
}

constexpr std::size_t bucket_count = bucket_of(value_max) + 1;

}  // namespace

Histogram::Histogram() : buckets_(bucket_count) {}

void Histogram::add(Monotonic span) {
  const Monotonic value = std::max(span, Monotonic{});
  ++buckets_[bucket_of(std::min(static_cast<std::uint64_t>(value.count()), value_max))];
  ++count_;
  sum_ += value;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  std::ranges::transform(buckets_, other.buckets_, buckets_.begin(), std::plus{});
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

Monotonic Histogram::average() const noexcept {
  return count_ == 0 ? Monotonic{} : sum_ / static_cast<Monotonic::rep>(count_);
}

Monotonic Histogram::percentile(double percent) const {
  if (count_ == 0) return {};
  const double wanted = std::ceil(percent / 100 * static_cast<double>(count_));
  const auto rank = std::clamp(static_cast<std::uint64_t>(wanted), std::uint64_t{1}, count_);
  std::uint64_t seen = 0;
  std::uint64_t bucket = 0;
  while ((seen += buckets_[bucket]) < rank) ++bucket;
  const Monotonic middle{static_cast<Monotonic::rep>(middle_of(bucket))};
  return std::clamp(middle, min_, max_);
}

}  // namespace firstcome::load
