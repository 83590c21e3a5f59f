#pragma once

#include <cstdint>
#include <ostream>

#include "core/clock.hpp"

// How the run is going, once a second: on a terminal one line that is written over, elsewhere a
// line each time. One thread.

namespace firstcome::load {

class LiveLine {
 public:
  struct Totals {
    std::uint64_t requests = 0;
    std::uint64_t served = 0;
    std::uint64_t failed = 0;
  };

  // `out` is borrowed. `requests` is how many there will be at most.
  LiveLine(std::ostream& out, bool terminal, std::uint64_t requests);

  void show(const Totals& totals, Monotonic elapsed);

  // Leaves the terminal's line empty.
  void finish();

 private:
  std::ostream& out_;
  bool terminal_;
  std::uint64_t requests_;
  Totals last_{};
  Monotonic last_elapsed_{};
};

}  // namespace firstcome::load
