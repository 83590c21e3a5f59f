#include "cli/stop_signal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "core/check.hpp"

namespace firstcome::cli {

StopSignal::StopSignal() : failed_(eventfd(0, EFD_CLOEXEC)) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = Fd(signalfd(-1, &set, SFD_CLOEXEC));
  // A write past RLIMIT_FSIZE shall fail with EFBIG, which the ledger reports, and not kill.
  std::signal(SIGXFSZ, SIG_IGN);
  // And a log line to a pipe that nobody reads any more is lost, not the server.
  std::signal(SIGPIPE, SIG_IGN);
  CHECK(signals_ && failed_, "the system gives no descriptors for signals");
}

StopSignal::Reason StopSignal::wait() const {
  pollfd polled[2] = {{signals_.get(), POLLIN, 0}, {failed_.get(), POLLIN, 0}};
  while (poll(polled, 2, -1) <= 0) {
  }
  return polled[1].revents != 0 ? Reason::failed : Reason::asked;
}

void StopSignal::fail() const {
  const std::uint64_t one = 1;
  CHECK(write(failed_.get(), &one, sizeof one) == sizeof one, "eventfd write");
}

}  // namespace firstcome::cli
