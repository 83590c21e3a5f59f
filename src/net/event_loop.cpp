#include "net/event_loop.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "core/check.hpp"

namespace firstcome {
namespace {

constexpr std::size_t ready_max = 1024;

epoll_event event_for(std::uint32_t events, EventLoop::Handler* handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = handler;
  return event;
}

}  // namespace

EventLoop::EventLoop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      ready_(ready_max) {
  CHECK(epoll_ && wake_, "the system gives no descriptors for an event loop");
  epoll_event event = event_for(EPOLLIN, nullptr);
  CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0, "epoll_ctl");
}

void EventLoop::add(int fd, std::uint32_t events, Handler& handler) {
  epoll_event event = event_for(events, &handler);
  CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl add");
}

void EventLoop::modify(int fd, std::uint32_t events, Handler& handler) {
  epoll_event event = event_for(events, &handler);
  CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0, "epoll_ctl modify");
}

void EventLoop::remove(int fd, Handler& handler) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (epoll_event& event : unhandled_) {
    if (event.data.ptr == &handler) event.events = 0;
  }
}

void EventLoop::post(Task task) {
  bool first;
  {
    const std::scoped_lock lock(tasks_mutex_);
    first = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (!first) return;  // whoever posted the first task has woken the loop
  const std::uint64_t one = 1;
  CHECK(write(wake_.get(), &one, sizeof one) == sizeof one, "eventfd write");
}

void EventLoop::run_tasks() {
  std::uint64_t count;
  (void)!read(wake_.get(), &count, sizeof count);
  std::vector<Task> tasks;
  {
    const std::scoped_lock lock(tasks_mutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) task();
}

void EventLoop::run_once(Monotonic wait_max) {
  const timespec timeout{.tv_sec = wait_max.count() / 1'000'000'000,
                         .tv_nsec = wait_max.count() % 1'000'000'000};
  const int count = epoll_pwait2(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()),
                                 wait_max.count() < 0 ? nullptr : &timeout, nullptr);
  CHECK(count >= 0 || errno == EINTR, "epoll_wait");
  unhandled_ = {ready_.data(), static_cast<std::size_t>(count < 0 ? 0 : count)};
  while (!unhandled_.empty()) {
    const epoll_event event = unhandled_.front();
    unhandled_ = unhandled_.subspan(1);
    if (event.data.ptr == nullptr) {
      run_tasks();
    } else if (event.events != 0) {
      static_cast<Handler*>(event.data.ptr)->on_events(event.events);
    }
  }
  if (round_end_) round_end_();
}

void EventLoop::run(Monotonic wait_max) {
  while (!stopped_) run_once(wait_max);
}

}  // namespace firstcome
