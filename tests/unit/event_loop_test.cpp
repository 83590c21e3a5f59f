#include "net/event_loop.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <thread>

namespace firstcome {
namespace {

using namespace std::chrono_literals;

// One end of a pair of sockets; readable once the other was written to.
class Watched final : public EventLoop::Handler {
 public:
  Watched() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    mine_ = Fd(ends[0]);
    other_ = Fd(ends[1]);
  }
  void on_events(std::uint32_t) override {
    ++calls;
    char byte;
    (void)!read(mine_.get(), &byte, 1);
    if (then) then();
  }
  void poke() { EXPECT_EQ(write(other_.get(), "x", 1), 1); }
  [[nodiscard]] int fd() const { return mine_.get(); }

  int calls = 0;
  std::function<void()> then;

 private:
  Fd mine_;
  Fd other_;
};

TEST(EventLoop, runs_posted_tasks_in_order_and_then_ends_the_round) {
  EventLoop loop;
  std::string order;
  loop.on_round_end([&] { order += '.'; });
  for (const char c : {'a', 'b', 'c'}) loop.post([&order, c] { order += c; });
  loop.run_once(-1ns);
  EXPECT_EQ(order, "abc.");
}

TEST(EventLoop, runs_a_task_that_a_task_posted_in_the_next_round) {
  EventLoop loop;
  std::string order;
  loop.on_round_end([&] { order += '.'; });
  loop.post([&] {
    order += 'a';
    loop.post([&] { order += 'b'; });
  });
  loop.run_once(-1ns);
  loop.run_once(-1ns);
  EXPECT_EQ(order, "a.b.");
}

TEST(EventLoop, returns_without_events) {
  EventLoop loop;
  int rounds = 0;
  loop.on_round_end([&] { ++rounds; });
  loop.run_once(0ns);
  EXPECT_EQ(rounds, 1);
}

TEST(EventLoop, keeps_the_order_of_each_thread_that_posts) {
  constexpr int tasks = 2000;
  EventLoop loop;
  std::vector<std::vector<int>> seen(4);
  int left = 4 * tasks;
  std::vector<std::jthread> threads;
  for (auto& mine : seen) {
    threads.emplace_back([&] {
      for (int i = 0; i < tasks; ++i) {
        loop.post([&mine, &left, &loop, i] {
          mine.push_back(i);
          if (--left == 0) loop.stop();
        });
      }
    });
  }
  loop.run(-1ns);
  for (const auto& mine : seen) {
    ASSERT_EQ(mine.size(), static_cast<std::size_t>(tasks));
    EXPECT_TRUE(std::ranges::is_sorted(mine));
  }
}

TEST(EventLoop, tells_a_handler_of_its_events_until_it_is_removed) {
  EventLoop loop;
  Watched one;
  loop.add(one.fd(), EPOLLIN, one);
  one.poke();
  loop.run_once(-1ns);
  EXPECT_EQ(one.calls, 1);
  loop.run_once(0ns);
  EXPECT_EQ(one.calls, 1) << "it has read what there was";
  loop.remove(one.fd(), one);
  one.poke();
  loop.run_once(0ns);
  EXPECT_EQ(one.calls, 1);
}

TEST(EventLoop, is_level_triggered) {
  EventLoop loop;
  Watched one;
  loop.add(one.fd(), EPOLLIN, one);
  one.poke();
  one.poke();
  loop.run_once(-1ns);
  loop.run_once(-1ns);
  EXPECT_EQ(one.calls, 2) << "it reads a byte each time";
  loop.modify(one.fd(), 0, one);
  one.poke();
  loop.run_once(0ns);
  EXPECT_EQ(one.calls, 2);
}

// Whichever is first removes and destroys the other, whose event is there already.
TEST(EventLoop, calls_no_handler_that_was_removed_in_the_same_round) {
  EventLoop loop;
  auto one = std::make_unique<Watched>();
  auto other = std::make_unique<Watched>();
  int calls = 0;
  const auto destroy = [&](std::unique_ptr<Watched>& victim) {
    ++calls;
    loop.remove(victim->fd(), *victim);
    victim.reset();
  };
  one->then = [&] { destroy(other); };
  other->then = [&] { destroy(one); };
  for (Watched* watched : {one.get(), other.get()}) {
    loop.add(watched->fd(), EPOLLIN, *watched);
    watched->poke();
  }
  loop.run_once(-1ns);
  EXPECT_EQ(calls, 1);
  EXPECT_NE(one == nullptr, other == nullptr);
}

}  // namespace
}  // namespace firstcome
