#include "load/tally.hpp"

#include "core/check.hpp"

namespace firstcome::load {
namespace {

template <class Map>
void merge_counts(Map& into, const Map& from) {
  for (const auto& [key, count] : from) into[key] += count;
}

}  // namespace

void Tally::add(const Timings& timings, const Answer& answer) {
  for (std::size_t i = 0; i < measure_count; ++i) {
    if (timings[i]) histograms_[i].add(*timings[i]);
  }
  ++counter_of(answer.verdict);
  ++(answer.verdict == Verdict::failed ? failures_ : outcomes_)[answer.label];
  if (answer.status != 0) ++statuses_[answer.status];
}

void Tally::merge(const Tally& other) {
  for (std::size_t i = 0; i < measure_count; ++i) histograms_[i].merge(other.histograms_[i]);
  served_ += other.served_;
  refused_ += other.refused_;
  failed_ += other.failed_;
  merge_counts(outcomes_, other.outcomes_);
  merge_counts(failures_, other.failures_);
  merge_counts(statuses_, other.statuses_);
}

double Tally::share(std::uint64_t part) const noexcept {
  return requests() == 0 ? 0 : static_cast<double>(part) / static_cast<double>(requests());
}

std::uint64_t& Tally::counter_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::served:
      return served_;
    case Verdict::refused:
      return refused_;
    case Verdict::failed:
      return failed_;
  }
  CHECK(false, "a verdict is one of three");
}

}  // namespace firstcome::load
