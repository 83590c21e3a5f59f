#include "http/io_thread.hpp"

#include <pthread.h>

#include "core/check.hpp"
#include "http/problem.hpp"
#include "observe/log.hpp"

namespace firstcome::http {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr int accepts_a_round = 64;
constexpr std::size_t spare_parsers_max = 64;
constexpr Monotonic sweep_period = std::chrono::milliseconds(100);
constexpr Monotonic finish_time = std::chrono::seconds(5);

}  // namespace

class IoThread::Acceptor final : public EventLoop::Handler {
 public:
  Acceptor(IoThread& io, Listener listener) : io_(io), listener_(std::move(listener)) {}
  void on_events(std::uint32_t) override { io_.accept(*this); }
  [[nodiscard]] int fd() const { return listener_.fd.get(); }
  [[nodiscard]] bool for_metrics() const { return listener_.for_metrics; }

 private:
  IoThread& io_;
  Listener listener_;
};

IoThread::IoThread(std::uint16_t index, const Shared& shared, std::vector<Listener> listeners)
    : index_(index),
      clock_(shared.desk.clock),
      limits_(shared.limits),
      metrics_(shared.metrics.shard()),
      desk_(shared.desk, shared.limits.claims, metrics_),
      gate_(shared.keys, desk_),
      api_({.gate = gate_,
            .desk = desk_,
            .queue = shared.desk.queue,
            .board = shared.desk.board,
            .cursors = shared.cursors,
            .clock = shared.desk.clock,
            .service = shared.desk.service,
            .metrics = shared.metrics,
            .worker = shared.worker,
            .metrics_apart = shared.metrics_apart,
            .submit = shared.submit}),
      read_buffer_(read_bytes),
      accepted_(
          metrics_.counter("firstcome_http_connections_accepted_total", "Connections accepted.")),
      request_seconds_(route_count + 1) {
  for (Listener& listener : listeners) {
    acceptors_.push_back(std::make_unique<Acceptor>(*this, std::move(listener)));
  }
  loop_.on_round_end([this] { end_round(); });
}

IoThread::~IoThread() {
  stop();
}

void IoThread::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] { loop_.stop(); });
  thread_.join();
}

void IoThread::start() {
  thread_ = std::jthread([this] {
    pthread_setname_np(pthread_self(), ("io-" + std::to_string(index_)).c_str());
    watch_listeners(true);
    loop_.run(sweep_period);
  });
}

void IoThread::watch_listeners(bool on) {
  if (accepting_ == on) return;
  accepting_ = on;
  for (const auto& acceptor : acceptors_) {
    if (on) {
      loop_.add(acceptor->fd(), EPOLLIN, *acceptor);
    } else {
      loop_.remove(acceptor->fd(), *acceptor);
    }
  }
}

void IoThread::accept(Acceptor& acceptor) {
  for (int i = 0; i < accepts_a_round; ++i) {
    if (connection_count() >= limits_.connections_max) return watch_listeners(false);
    Result<Fd> fd = accept_from(acceptor.fd());
    if (!fd) {
      // Out of descriptors: those who wait in the backlog are taken at a later sweep.
      log::warn(fd.error().message);
      return watch_listeners(false);
    }
    if (!*fd) return;
    adopt(std::move(*fd), acceptor.for_metrics());
  }
}

void IoThread::adopt(Fd fd, bool for_metrics) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t at = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[at];
  const ReplyTo self{.desk = index_, .slot = at, .generation = ++slot.generation};
  slot.connection = std::make_unique<Connection>(*this, std::move(fd), self, for_metrics);
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  accepted_.add();
}

void IoThread::bury(Connection& connection) {
  const std::uint32_t at = connection.self().slot;
  graveyard_.push_back(std::move(slots_[at].connection));
  free_slots_.push_back(at);
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
}

Connection* IoThread::find(ReplyTo reply_to) {
  Slot& slot = slots_.at(reply_to.slot);
  const bool same = slot.connection && slot.generation == reply_to.generation;
  return same && slot.connection->is_waiting() ? slot.connection.get() : nullptr;
}

void IoThread::deliver(std::vector<Verdict> verdicts) {
  loop_.post([this, verdicts = std::move(verdicts)] {
    for (const Verdict& verdict : verdicts) {
      desk_.note_verdict(verdict);
      Connection* connection = find(verdict.reply_to);
      if (connection == nullptr) continue;  // it did not wait for its reply
      connection->complete(api_.finish(connection->exchange(), verdict));
    }
  });
}

void IoThread::deliver(ReplyTo reply_to, Result<Ledger::Changed> result) {
  loop_.post([this, reply_to, result = std::move(result)] {
    Connection* connection = find(reply_to);
    if (connection != nullptr) {
      connection->complete(api_.finish(connection->exchange(), result));
    }
  });
}

void IoThread::deliver(ReplyTo reply_to, Response response) {
  loop_.post([this, reply_to, response = std::move(response)]() mutable {
    Connection* connection = find(reply_to);
    if (connection != nullptr) connection->complete(std::move(response));
  });
}

void IoThread::finish() {
  loop_.post([this] {
    finishing_ = true;
    finish_deadline_ = now() + finish_time;
    watch_listeners(false);
    for (Slot& slot : slots_) {
      if (slot.connection) slot.connection->finish();
    }
  });
}

void IoThread::end_round() {
  desk_.flush();
  graveyard_.clear();
  const Monotonic time = now();
  if (time >= next_sweep_) sweep(time);
  if (finishing_) stop_if_finished(time);
}

void IoThread::sweep(Monotonic time) {
  next_sweep_ = time + sweep_period;
  for (Slot& slot : slots_) {
    if (slot.connection) slot.connection->check_deadline(time);
  }
  graveyard_.clear();
  if (!finishing_ && connection_count() < limits_.connections_max) watch_listeners(true);
}

void IoThread::stop_if_finished(Monotonic time) {
  if (connection_count() == 0 || time >= finish_deadline_) loop_.stop();
}

std::string_view IoThread::date() {
  const long long now_s =
      std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
  if (now_s != date_s_) {
    date_s_ = now_s;
    date_ = http_date(now_s);
  }
  return date_;
}

std::unique_ptr<RequestParser> IoThread::take_parser() {
  if (spare_parsers_.empty()) return std::make_unique<RequestParser>();
  std::unique_ptr<RequestParser> parser = std::move(spare_parsers_.back());
  spare_parsers_.pop_back();
  return parser;
}

void IoThread::give_back(std::unique_ptr<RequestParser> parser) {
  if (spare_parsers_.size() >= spare_parsers_max) return;
  parser->reset();
  spare_parsers_.push_back(std::move(parser));
}

void IoThread::note_reply(const Exchange& exchange, int status) {
  const std::size_t route =
      exchange.routed ? static_cast<std::size_t>(exchange.route) : route_count;
  Histogram*& histogram = request_seconds_[route].at(static_cast<std::size_t>(status));
  if (histogram == nullptr) {
    const std::string path = exchange.routed ? std::string(info(exchange.route).path) : "none";
    const std::string method = exchange.routed ? std::string(info(exchange.route).method) : "none";
    histogram = &metrics_.histogram(
        "firstcome_http_request_seconds", "From the parsed request to its reply.", seconds_bounds,
        {{"method", method}, {"route", path}, {"status", std::to_string(status)}});
  }
  histogram->observe(std::chrono::duration<double>(now() - exchange.started).count());
}

}  // namespace firstcome::http
