#include "issue/batch_size.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "core/check.hpp"

namespace firstcome {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double aim_s = Seconds(BatchSize::aim).count();
// Disks hold a sync up for some 100 ms at times; that is no news.
constexpr double surprise_s = 5 * aim_s;
constexpr std::size_t trial_every = 4;

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

BatchSize::BatchSize(std::size_t claims_max)
    : min_(std::min(claims_min, claims_max)), max_(claims_max), size_(claims_max) {}

std::size_t BatchSize::next() const {
  const bool slow = expected_seconds(static_cast<double>(size_)) > aim_s;
  if (!slow || count_ % trial_every != trial_every - 1) return size_;
  return size_ / 2 >= min_ ? size_ / 2 : std::min(size_ * 2, max_);
}

void BatchSize::learn(std::size_t rows, Monotonic took) {
  CHECK(rows > 0, "a commit has rows");
  const Commit commit{static_cast<double>(rows), Seconds(took).count()};
  if (commit.seconds > 2 * expected_seconds(commit.rows) + surprise_s) {
    count_ = 0;
    row_s_ = commit.seconds / commit.rows;
  }
  commits_[count_++ % window] = commit;
  fit();
  const double fitting = row_s_ > 0 ? std::floor(aim_s / row_s_) : static_cast<double>(max_);
  // Step by step: a wrong guess costs a commit of twice the size and no more.
  const double largest = static_cast<double>(std::min(2 * size_, max_));
  size_ = static_cast<std::size_t>(std::clamp(fitting, static_cast<double>(min_), largest));
}

void BatchSize::fit() {
  const auto known = std::span(commits_).first(std::min(count_, window));
  std::vector<double> slopes;
  for (const Commit& a : known) {
    for (const Commit& b : known) {
      const double more = b.rows - a.rows;
      if (more >= static_cast<double>(min_)) slopes.push_back((b.seconds - a.seconds) / more);
    }
  }
  if (!slopes.empty()) row_s_ = std::max(0.0, median(slopes));
  std::vector<double> rests;
  for (const Commit& one : known) rests.push_back(one.seconds - row_s_ * one.rows);
  fixed_s_ = std::max(0.0, median(rests));
}

}  // namespace firstcome
