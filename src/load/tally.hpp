#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "load/answer.hpp"
#include "load/histogram.hpp"
#include "load/timings.hpp"

// What was counted: a histogram for each measure, and how often which answer came. Every request of
// the test adds exactly one; so served + refused + failed = requests.
//
// Thread rule: one thread at a time. Threads keep one each and merge them at the end.

namespace firstcome::load {

class Tally {
 public:
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;

  void add(const Timings& timings, const Answer& answer);
  void merge(const Tally& other);

  [[nodiscard]] std::uint64_t requests() const noexcept { return served_ + refused_ + failed_; }
  [[nodiscard]] std::uint64_t served() const noexcept { return served_; }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  [[nodiscard]] std::uint64_t failed() const noexcept { return failed_; }

  // Shares of all requests; 0 when there were none.
  [[nodiscard]] double served_share() const noexcept { return share(served_); }
  [[nodiscard]] double refused_share() const noexcept { return share(refused_); }
  [[nodiscard]] double failed_share() const noexcept { return share(failed_); }

  [[nodiscard]] const Counts& outcomes() const noexcept { return outcomes_; }  // served and refused
  [[nodiscard]] const Counts& failures() const noexcept { return failures_; }  // by reason
  [[nodiscard]] const std::map<int, std::uint64_t>& statuses() const noexcept { return statuses_; }
  [[nodiscard]] const Histogram& of(Measure measure) const noexcept {
    return histograms_[static_cast<std::size_t>(measure)];
  }

 private:
  [[nodiscard]] double share(std::uint64_t part) const noexcept;
  [[nodiscard]] std::uint64_t& counter_of(Verdict verdict) noexcept;

  std::array<Histogram, measure_count> histograms_{};
  std::uint64_t served_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t failed_ = 0;
  Counts outcomes_{};
  Counts failures_{};
  std::map<int, std::uint64_t> statuses_{};
};

}  // namespace firstcome::load
