#pragma once

#include <array>
#include <cstddef>

#include "core/clock.hpp"

// How many claims to take into one batch, so that a transaction stays short when the ledger is
// slow. A commit costs a fixed part (round trips, the sync) and a part a row; a smaller batch helps
// only against the latter. Both are estimated from the last commits: the row's part is the median
// of the slopes between any two of them (Theil-Sen), so that a commit that was held up for once
// weighs nothing. The size is what keeps the rows' part within an aim.
//
// Commits of equal size tell nothing of a row's part: while they take longer than the aim, each
// fourth batch is of another size. A commit far above all expectation is blamed on its rows, until
// the next ones, which are small then, tell.
//
// Pure: the caller brings the times. One thread.

namespace firstcome {

class BatchSize {
 public:
  static constexpr std::size_t claims_min = 64;
  static constexpr Monotonic aim = std::chrono::milliseconds(50);

  // Never more than `claims_max`, nor less than the smaller of it and `claims_min`.
  explicit BatchSize(std::size_t claims_max);

  // Of the next batch.
  [[nodiscard]] std::size_t next() const;

  // A commit of so many rows, one at least, took so long.
  void learn(std::size_t rows, Monotonic took);

 private:
  static constexpr std::size_t window = 12;
  struct Commit {
    double rows;
    double seconds;
  };

  [[nodiscard]] double expected_seconds(double rows) const { return fixed_s_ + row_s_ * rows; }
  void fit();

  const std::size_t min_;
  const std::size_t max_;
  std::array<Commit, window> commits_{};  // the last ones, in a ring
  std::size_t count_ = 0;                 // learnt since the last surprise
  double fixed_s_ = 0;
  double row_s_ = 0;
  std::size_t size_;
};

}  // namespace firstcome
