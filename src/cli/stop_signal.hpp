#pragma once

#include "net/fd.hpp"

// Waits for the end of a server: SIGTERM, SIGINT, or its own failure. Made before any thread is,
// because the signals must be blocked in all of them.

namespace firstcome::cli {

class StopSignal {
 public:
  StopSignal();

  enum class Reason { asked, failed };
  // Blocks until one of them.
  [[nodiscard]] Reason wait() const;

  // Any thread: the server cannot go on.
  void fail() const;

 private:
  Fd signals_;
  Fd failed_;
};

}  // namespace firstcome::cli
