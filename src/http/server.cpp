#include "http/server.hpp"

#include <thread>

namespace firstcome::http {
namespace {

// A listener for every thread; with port 0 the first decides for all.
Result<std::vector<Fd>> listeners_on(Address address, std::size_t count) {
  if (auto free = check_free(address); !free) return std::unexpected(free.error());
  std::vector<Fd> listeners;
  for (std::size_t i = 0; i < count; ++i) {
    Result<Fd> fd = listen_on(address);
    if (!fd) return std::unexpected(fd.error());
    if (i == 0) address = local_address(fd->get());
    listeners.push_back(std::move(*fd));
  }
  return listeners;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::bind(const Options& options, Parts parts,
                                             std::unique_ptr<LedgerReader> reader) {
  auto main = listeners_on(options.listen, options.io_threads);
  if (!main) return std::unexpected(main.error());
  std::vector<std::vector<IoThread::Listener>> listeners(options.io_threads);
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    listeners[i].push_back({std::move((*main)[i]), false});
  }
  if (options.metrics_listen) {
    auto apart = listeners_on(*options.metrics_listen, 1);
    if (!apart) return std::unexpected(apart.error());
    listeners[0].push_back({std::move((*apart)[0]), true});
  }
  return std::unique_ptr<Server>(
      new Server(options, std::move(parts), std::move(reader), std::move(listeners)));
}

Server::Server(const Options& options, Parts parts, std::unique_ptr<LedgerReader> reader,
               std::vector<std::vector<IoThread::Listener>> listeners)
    : parts_(std::move(parts)), address_(local_address(listeners[0][0].fd.get())) {
  if (options.metrics_listen) metrics_address_ = local_address(listeners[0][1].fd.get());
  worker_ = std::make_unique<Worker>(std::move(reader), [this](ReplyTo to, Response response) {
    threads_[to.desk]->deliver(to, std::move(response));
  });
  const IoThread::Shared shared{.desk = {.board = parts_.board,
                                         .ledger = parts_.ledger,
                                         .queue = parts_.queue,
                                         .fingerprints = parts_.fingerprints,
                                         .clock = parts_.clock,
                                         .service = parts_.service},
                                .keys = parts_.keys,
                                .cursors = parts_.cursors,
                                .worker = *worker_,
                                .metrics = parts_.metrics,
                                .metrics_apart = options.metrics_listen.has_value(),
                                .submit = parts_.submit,
                                .limits = options.limits};
  for (std::uint16_t i = 0; i < options.io_threads; ++i) {
    threads_.push_back(std::make_unique<IoThread>(i, shared, std::move(listeners[i])));
  }
  parts_.metrics.gauge("firstcome_desk_waiting", "Claims that wait for their verdict.", {},
                       [this] { return static_cast<double>(waiting()); });
  parts_.metrics.gauge("firstcome_http_connections", "Open connections.", {}, [this] {
    std::size_t total = 0;
    for (const auto& thread : threads_) total += thread->connection_count();
    return static_cast<double>(total);
  });
}

Server::~Server() {
  // The threads submit to the worker and the worker delivers to the threads: end the submitting,
  // then the worker, then what it delivers to.
  for (const auto& thread : threads_) thread->stop();
  worker_.reset();
}

void Server::start() {
  for (const auto& thread : threads_) thread->start();
}

std::size_t Server::waiting() const {
  std::size_t total = 0;
  for (const auto& thread : threads_) total += thread->waiting();
  return total;
}

bool Server::drain(Monotonic wait_max) {
  constexpr auto look_again = std::chrono::milliseconds(2);
  const Monotonic deadline = parts_.clock.monotonic() + wait_max;
  parts_.service.set(Service::State::draining);
  while (waiting() > 0 && parts_.clock.monotonic() < deadline) {
    std::this_thread::sleep_for(look_again);
  }
  const bool all_answered = waiting() == 0;
  for (const auto& thread : threads_) thread->finish();
  std::size_t open = 1;
  while (open > 0 && parts_.clock.monotonic() < deadline) {
    open = 0;
    for (const auto& thread : threads_) open += thread->connection_count();
    std::this_thread::sleep_for(look_again);
  }
  // What the threads submit to may go once this returns.
  for (const auto& thread : threads_) thread->stop();
  return all_answered;
}

void Server::on_campaign(const Campaign& campaign) {
  parts_.board.put_up(campaign);
}

void Server::on_verdicts(std::uint16_t desk, std::vector<Verdict> verdicts) {
  threads_[desk]->deliver(std::move(verdicts));
}

void Server::on_changed(ReplyTo reply_to, Result<Ledger::Changed> result) {
  threads_[reply_to.desk]->deliver(reply_to, std::move(result));
}

}  // namespace firstcome::http
