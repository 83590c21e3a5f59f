#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "net/fd.hpp"

// One thread's event loop over level-triggered epoll(7). Level-triggered, because then a request
// costs one recv and one send and nothing else: no further recv to see EAGAIN, no re-arming.
//
// Thread rule: one thread runs the loop and calls everything but post(), which any thread may call.
// A handler must outlive its registration; inside on_events() it may remove and destroy itself or
// others.

namespace firstcome {

class EventLoop {
 public:
  class Handler {
   public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;
    virtual void on_events(std::uint32_t events) = 0;  // EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP
  };
  using Task = std::move_only_function<void()>;

  EventLoop();

  void add(int fd, std::uint32_t events, Handler& handler);
  void modify(int fd, std::uint32_t events, Handler& handler);
  void remove(int fd, Handler& handler);

  // Runs `task` on the loop's thread, in order of the calls. Wakes the loop.
  void post(Task task);

  // Called after every round, when all events that were ready have been handled: the place where
  // what a round gathered is sent on as one message.
  void on_round_end(Task task) { round_end_ = std::move(task); }

  // One round: waits at most `wait_max` for events or tasks (negative: without limit), handles all
  // that are ready, then calls the round's end.
  void run_once(Monotonic wait_max);

  // Rounds until stop(). stop() belongs to the loop's thread: post it from elsewhere.
  void run(Monotonic wait_max);
  void stop() { stopped_ = true; }

 private:
  void run_tasks();

  Fd epoll_;
  Fd wake_;  // eventfd
  std::vector<epoll_event> ready_;
  std::span<epoll_event> unhandled_{};  // of this round
  std::mutex tasks_mutex_;
  std::vector<Task> tasks_;  // guarded by tasks_mutex_
  Task round_end_;
  bool stopped_ = false;
};

}  // namespace firstcome
