#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "http/api.hpp"
#include "http/connection.hpp"
#include "net/event_loop.hpp"
#include "net/socket.hpp"

// One I/O thread: an event loop with its own listeners, desk, gate and API, and the connections
// that the kernel gave to its listeners. Other threads only post to it.

namespace firstcome::http {

struct Limits {
  Monotonic idle_time = std::chrono::seconds(75);     // between requests
  Monotonic request_time = std::chrono::seconds(10);  // from a request's first byte to its last
  std::size_t connections_max = 20'000;               // a thread
  Desk::Limits claims{};
};

class IoThread {
 public:
  struct Listener {
    Fd fd;
    bool for_metrics = false;
  };
  struct Shared {  // the same for every thread
    Desk::Parts desk;
    const Keys& keys;
    const Cursors& cursors;
    Worker& worker;
    Metrics& metrics;
    bool metrics_apart;
    std::function<void(const CampaignChange&, ReplyTo)> submit;
    Limits limits;
  };

  IoThread(std::uint16_t index, const Shared& shared, std::vector<Listener> listeners);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  void start();
  // Ends the loop at once and joins.
  void stop();

  // Any thread: word for those who wait here.
  void deliver(std::vector<Verdict> verdicts);
  void deliver(ReplyTo reply_to, Result<Ledger::Changed> result);
  void deliver(ReplyTo reply_to, Response response);

  // Any thread: takes no further connection or request, and ends once all replies are sent.
  void finish();

  [[nodiscard]] std::size_t waiting() const { return desk_.waiting(); }
  [[nodiscard]] std::size_t connection_count() const {
    return connection_count_.load(std::memory_order_relaxed);
  }

  // For the connections, on this thread.
  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] Api& api() { return api_; }
  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] Monotonic now() const { return clock_.monotonic(); }
  [[nodiscard]] std::span<char> read_buffer() { return read_buffer_; }
  [[nodiscard]] std::string_view date();
  [[nodiscard]] bool is_finishing() const { return finishing_; }
  [[nodiscard]] std::unique_ptr<RequestParser> take_parser();
  void give_back(std::unique_ptr<RequestParser> parser);
  void note_reply(const Exchange& exchange, int status);
  void bury(Connection& connection);

 private:
  class Acceptor;
  struct Slot {
    std::unique_ptr<Connection> connection;
    std::uint32_t generation = 0;
  };

  void accept(Acceptor& acceptor);
  void adopt(Fd fd, bool for_metrics);
  void watch_listeners(bool on);
  [[nodiscard]] Connection* find(ReplyTo reply_to);
  void end_round();
  void sweep(Monotonic now);
  void stop_if_finished(Monotonic now);

  const std::uint16_t index_;
  const Clock& clock_;
  const Limits limits_;
  Metrics::Shard& metrics_;
  EventLoop loop_;
  Desk desk_;
  Gate gate_;
  Api api_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  bool accepting_ = false;
  bool finishing_ = false;
  Monotonic finish_deadline_{};
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::unique_ptr<Connection>> graveyard_;  // closed in this round
  std::vector<std::unique_ptr<RequestParser>> spare_parsers_;
  std::vector<char> read_buffer_;
  std::string date_;
  long long date_s_ = 0;
  Monotonic next_sweep_{};
  std::atomic<std::size_t> connection_count_{0};
  Counter& accepted_;
  std::vector<std::array<Histogram*, 600>> request_seconds_;  // by route, status
  std::jthread thread_;
};

}  // namespace firstcome::http
