#pragma once

#include <functional>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "load/live_line.hpp"
#include "load/plan.hpp"
#include "load/run.hpp"

// The load test as a whole: a worker a thread, warm-up, a common start, live progress, Ctrl-C, and
// one result at the end.

namespace firstcome::load {

// Called about once a second on the caller's thread, with the time since the start.
using ShowProgress = std::function<void(const LiveLine::Totals&, Monotonic elapsed)>;

// Blocks until the plan is done, its time is over, or a signal (SIGINT, SIGTERM) ended it: the
// first waits a moment for replies, the second does not. Failed requests are part of the result.
// Error: invalid (fields "vus", "user-prefix", "history"), before anything was sent; unavailable,
// when the history could not be written to its end.
[[nodiscard]] Result<Run> run_load_test(const Plan& plan, const Clock& clock,
                                        const ShowProgress& show);

}  // namespace firstcome::load
