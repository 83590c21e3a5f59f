#include "load/worker.hpp"

#include <algorithm>
#include <utility>

#include "net/socket.hpp"

namespace firstcome::load {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t scratch_size = 16 * 1024;
constexpr Monotonic sweep_every = 250ms;
constexpr Monotonic grace_when_asked_to_end = 2s;

// All connections opened in one go would keep the first replies waiting in this process; opened one
// by one, the early virtual users would have done the work before the last ones exist.
std::size_t opened_per_round(std::size_t connections) {
  return std::max(connections / 8, std::size_t{32});
}

// A virtual user whose connection was refused waits before the next one, or a test of a server that
// is away would spin through all its requests.
constexpr Monotonic rest_after_refusal = 100ms;

}  // namespace

Worker::Worker(const Plan& plan, std::uint64_t connections, ClaimRequest request,
               Recorder& recorder, const Clock& clock, const std::atomic<Ending>& ending)
    : plan_(plan),
      connections_max_(connections),
      request_(std::move(request)),
      warmup_text_(render_warmup({plan.authority, plan.campaign, plan.key})),
      recorder_(recorder),
      clock_(clock),
      ending_(ending),
      scratch_(scratch_size),
      shared_{loop_, clock_, *this, scratch_} {}

void Worker::warm_up(Source& source, Monotonic end) {
  measured_ = false;
  run(source, end);
}

void Worker::measure(Source& source, Monotonic end) {
  measured_ = true;
  run(source, end);
  recorder_.flush();
}

void Worker::run(Source& source, Monotonic end) {
  source_ = &source;
  stopped_ = false;
  hard_end_ = end + plan_.timeout;
  Monotonic now = clock_.monotonic();
  next_sweep_ = now + sweep_every;
  for (pump(now); now < hard_end_; pump(now)) {
    if ((stopped_ || source.exhausted(now)) && busy_ == 0) break;
    loop_.run_once(wait_max(now));
    now = clock_.monotonic();
  }
  end_phase();
}

void Worker::pump(Monotonic now) {
  obey_ending(now);
  use_idle(now);
  open_more(now);
  if (now >= next_sweep_) sweep(now);
}

void Worker::obey_ending(Monotonic now) {
  const Ending ending = ending_.load(std::memory_order_relaxed);
  if (ending == Ending::now) hard_end_ = now;
  if (ending == Ending::not_asked || std::exchange(stopped_, true)) return;
  stopped_at_ = now;
  hard_end_ = std::min(hard_end_, now + grace_when_asked_to_end);
}

// How long the loop may sleep: until something is due that could be sent, or a duty falls due.
Monotonic Worker::wait_max(Monotonic now) const {
  Monotonic until = std::min(hard_end_, next_sweep_);
  if (needs_more(now)) return {};
  if (rest_until_ > now) until = std::min(until, rest_until_);
  const bool could_send = !idle_.empty() || may_open(now);
  if (could_send && !stopped_) {
    if (const auto due = source_->next_due(now)) until = std::min(until, *due);
  }
  return std::max(until - now, Monotonic{});
}

bool Worker::send_next(Connection& connection, Monotonic now) {
  if (stopped_) return false;
  const std::optional<Job> job = source_->take(now);
  if (!job) return false;
  ++busy_;
  connection.send(
      *job, measured_ ? request_.render(recorder_.user_of(*job)) : std::string_view(warmup_text_));
  return true;
}

void Worker::use_idle(Monotonic now) {
  while (!idle_.empty()) {
    Connection* connection = idle_.back();
    idle_.pop_back();
    if (send_next(*connection, now)) continue;
    idle_.push_back(connection);
    return;
  }
}

bool Worker::may_open(Monotonic now) const {
  return connections_.size() < connections_max_ && now >= rest_until_ && !stopped_;
}

bool Worker::needs_more(Monotonic now) const {
  return may_open(now) && source_->waiting(now) > connecting_;
}

void Worker::open_more(Monotonic now) {
  for (std::size_t i = 0; i < opened_per_round(connections_max_) && needs_more(now); ++i) {
    if (!open_one(now)) return;
  }
}

bool Worker::open_one(Monotonic now) {
  Result<Fd> socket = start_connect(plan_.address);
  if (!socket) {
    connect_failed(now, socket.error().message);
    return false;
  }
  connections_.push_back(
      std::make_unique<Connection>(shared_, *std::move(socket), connections_.size()));
  ++connecting_;
  peak_ = std::max(peak_, connections_.size());
  return true;
}

void Worker::on_idle(Connection& connection) {
  --connecting_;
  if (!send_next(connection, clock_.monotonic())) idle_.push_back(&connection);
}

void Worker::on_reply(Connection& connection) {
  --busy_;
  const ResponseParser& reply = connection.reply();
  if (measured_) {
    record(connection.job(), connection.moments(), read_answer(reply.status(), reply.body()));
  }
  if (!reply.keeps_alive()) return erase(connection);
  if (!send_next(connection, connection.moments().done)) idle_.push_back(&connection);
}

void Worker::on_broken(Connection& connection, std::string_view why) {
  const Monotonic now = clock_.monotonic();
  const Connection::State state = connection.state();
  if (state == Connection::State::idle) std::erase(idle_, &connection);
  if (state == Connection::State::busy) {
    --busy_;
    Moments moments = connection.moments();
    moments.done = now;
    record(connection.job(), moments, no_answer(why));
  }
  if (state == Connection::State::connecting) {
    --connecting_;
    connect_failed(now, why);
  }
  erase(connection);
}

// The connection was opened for whoever waited longest, so that one has failed.
void Worker::connect_failed(Monotonic now, std::string_view why) {
  if (plan_.model == Model::closed) rest_until_ = now + rest_after_refusal;
  if (stopped_) return;
  if (const std::optional<Job> job = source_->take(now)) record_unsent(*job, now, why);
}

// Every reply has the same time limit, and a quarter of a second is fine enough for it: one look at
// all connections now and then costs less than a timer for each request.
void Worker::sweep(Monotonic now) {
  next_sweep_ = now + sweep_every;
  for (std::size_t i = connections_.size(); i-- > 0;) {  // erase() puts the last into the gap
    Connection& connection = *connections_[i];
    const bool pending = connection.state() != Connection::State::idle;
    if (pending && now - connection.since() >= plan_.timeout) on_broken(connection, "timeout");
  }
}

// Connections that are still being opened are left to the next phase.
void Worker::end_phase() {
  const Monotonic now = clock_.monotonic();
  const Monotonic last_due = std::exchange(stopped_, true) ? stopped_at_ : now;
  for (std::size_t i = connections_.size(); i-- > 0;) {
    const bool busy = connections_[i]->state() == Connection::State::busy;
    if (busy) on_broken(*connections_[i], "no reply before the end");
  }
  if (plan_.model == Model::closed) return;
  while (const std::optional<Job> job = source_->take(last_due)) {
    record_unsent(*job, now, "never sent: all connections were busy");
  }
}

void Worker::record(const Job& job, const Moments& moments, const Answer& answer) {
  if (measured_) recorder_.add(job, moments, answer);
}

void Worker::record_unsent(const Job& job, Monotonic now, std::string_view why) {
  record(job, {.wanted = job.due.value_or(now), .done = now}, no_answer(why));
}

void Worker::erase(Connection& connection) {
  const std::size_t slot = connection.slot();
  std::swap(connections_[slot], connections_.back());
  connections_[slot]->set_slot(slot);
  connections_.pop_back();
}

}  // namespace firstcome::load
