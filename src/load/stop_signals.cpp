#include "load/stop_signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

#include "core/check.hpp"

namespace firstcome::load {
namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

StopSignals::StopSignals(EventLoop& loop, std::function<void()> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  const sigset_t set = stop_set();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
  fd_ = Fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  CHECK(fd_, "the system gives no descriptor for signals");
  loop_.add(fd_.get(), EPOLLIN, *this);
}

StopSignals::~StopSignals() {
  loop_.remove(fd_.get(), *this);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void StopSignals::on_events(std::uint32_t) {
  signalfd_siginfo info;
  while (read(fd_.get(), &info, sizeof info) == sizeof info) on_signal_();
}

}  // namespace firstcome::load
