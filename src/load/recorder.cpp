#include "load/recorder.hpp"

#include <algorithm>

#include "verify/history.hpp"

namespace firstcome::load {
namespace {

constexpr std::size_t block_size = 64 * 1024;

}  // namespace

Recorder::Recorder(const Plan& plan, const ClaimRequest& request, HistoryFile& history,
                   Progress& progress)
    : plan_(plan), request_(request), history_(history), progress_(progress) {}

void Recorder::add(const Job& job, const Moments& moments, const Answer& answer) {
  tally_.add(timings_of(moments, plan_.model), answer);
  progress_.add(answer.verdict);
  last_done_ = std::max(last_done_, moments.done);
  // What was never handed to the kernel was no attempt.
  if (history_.is_open() && moments.send_started) add_line(job, moments, answer);
}

void Recorder::flush() {
  history_.write(lines_);
  lines_.clear();
}

void Recorder::add_line(const Job& job, const Moments& moments, const Answer& answer) {
  Attempt attempt{.campaign = plan_.campaign,
                  .user = request_.user(user_of(job)),
                  .sent_ns = moments.send_started->count(),
                  .status = answer.status,
                  .outcome = answer.outcome,
                  .rank = answer.rank,
                  .code = answer.code};
  if (answer.status != 0) attempt.got_ns = moments.done.count();
  lines_ += format_attempt(attempt);
  lines_ += '\n';
  if (lines_.size() >= block_size) flush();
}

}  // namespace firstcome::load
