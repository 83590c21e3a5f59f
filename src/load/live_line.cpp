#include "load/live_line.hpp"

#include <string>

#include "load/units.hpp"

namespace firstcome::load {

LiveLine::LiveLine(std::ostream& out, bool terminal, std::uint64_t requests)
    : out_(out), terminal_(terminal), requests_(requests) {}

void LiveLine::show(const Totals& totals, Monotonic elapsed) {
  const std::chrono::duration<double> since = elapsed - last_elapsed_;
  const auto news = static_cast<double>(totals.requests - last_.requests);
  const double per_second = since.count() > 0 ? news / since.count() : 0;
  out_ << (terminal_ ? "\r\x1b[K  " : "  ") << elapsed.count() / 1'000'000'000 << "s  "
       << format_count(totals.requests) << " / " << format_count(requests_) << "  "
       << format_count(static_cast<std::uint64_t>(per_second)) << "/s  served "
       << format_count(totals.served) << "  failed " << format_count(totals.failed)
       << (terminal_ ? "" : "\n") << std::flush;
  last_ = totals;
  last_elapsed_ = elapsed;
}

void LiveLine::finish() {
  if (terminal_) out_ << "\r\x1b[K" << std::flush;
}

}  // namespace firstcome::load
