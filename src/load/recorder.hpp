#pragma once

#include <string>

#include "load/answer.hpp"
#include "load/history_file.hpp"
#include "load/plan.hpp"
#include "load/progress.hpp"
#include "load/request.hpp"
#include "load/source.hpp"
#include "load/tally.hpp"

// Where a worker's finished requests go: the tally, the history and the live progress. One thread.

namespace firstcome::load {

class Recorder {
 public:
  // All are borrowed and outlive this.
  Recorder(const Plan& plan, const ClaimRequest& request, HistoryFile& history, Progress& progress);

  void add(const Job& job, const Moments& moments, const Answer& answer);

  // Hands the rest of the lines to the file.
  void flush();

  [[nodiscard]] std::uint64_t user_of(const Job& job) const noexcept {
    return job.index % plan_.users + 1;
  }
  [[nodiscard]] const Tally& tally() const noexcept { return tally_; }
  [[nodiscard]] Monotonic last_done() const noexcept { return last_done_; }

 private:
  void add_line(const Job& job, const Moments& moments, const Answer& answer);

  const Plan& plan_;
  const ClaimRequest& request_;
  HistoryFile& history_;
  Progress& progress_;
  Tally tally_{};
  std::string lines_{};
  Monotonic last_done_{};
};

}  // namespace firstcome::load
