#include "ledger/mysql/mysql_pool.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <utility>

#include "core/check.hpp"
#include "observe/log.hpp"

namespace firstcome {

using Steady = std::chrono::steady_clock;

struct MysqlPool::Waiter {
  enum class State : std::uint8_t { waits, has_connection, may_open, refused };

  State state = State::waits;
  Connection connection{};  // with has_connection
  Monotonic idle_since{};
  std::uint64_t generation = 0;
  std::condition_variable changed{};
};

struct MysqlPool::Figures {
  std::atomic<int> in_use{0};
  std::atomic<int> waiting{0};
};

MysqlLease& MysqlLease::operator=(MysqlLease&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(connection_, other.connection_);
  std::swap(generation_, other.generation_);
  return *this;
}

MysqlLease::~MysqlLease() {
  if (connection_) pool_->put_back(std::move(connection_), generation_);
}

MysqlPool::MysqlPool(MysqlPoolOptions options, Open open, const Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      open_(std::move(open)),
      clock_(clock),
      figures_(std::make_shared<Figures>()),
      wait_seconds_(metrics.shard().histogram("firstcome_ledger_pool_wait_seconds",
                                              "Time in line for a connection.", seconds_bounds,
                                              {{"pool", options_.name}})),
      opens_(metrics.shard().counter("firstcome_ledger_pool_opens_total", "Connections opened.",
                                     {{"pool", options_.name}})),
      open_failures_(metrics.shard().counter("firstcome_ledger_pool_open_failures_total",
                                             "Connections that could not be opened.",
                                             {{"pool", options_.name}})),
      timeouts_(metrics.shard().counter("firstcome_ledger_pool_timeouts_total",
                                        "Callers who left the line without a connection.",
                                        {{"pool", options_.name}})) {
  CHECK(options_.size > 0, "a pool holds something");
  const Labels labels{{"pool", options_.name}};
  metrics.gauge("firstcome_ledger_pool_in_use", "Connections on loan.", labels,
                [figures = figures_] { return double(figures->in_use); });
  metrics.gauge("firstcome_ledger_pool_waiting", "Callers in line for a connection.", labels,
                [figures = figures_] { return double(figures->waiting); });
  metrics.gauge("firstcome_ledger_pool_size", "The most connections there may be.", labels,
                [size = options_.size] { return static_cast<double>(size); });
}

MysqlPool::~MysqlPool() {
  CHECK(open_count_ == idle_.size() && line_.empty(), "a pool outlives its leases");
}

Result<MysqlLease> MysqlPool::take() {
  const Steady::time_point begin = Steady::now();
  Place place = Place::back;
  while (true) {
    Waiter waiter;
    wait_in_line(waiter, place, begin + options_.wait);
    if (waiter.state == Waiter::State::waits || waiter.state == Waiter::State::refused) {
      const std::lock_guard lock(mutex_);
      timeouts_.add(waiter.state == Waiter::State::waits ? 1 : 0);
      return std::unexpected(refusal());
    }
    if (place == Place::back) {
      wait_seconds_.observe_since(begin);
    }
    if (Connection connection = use_turn(waiter)) {
      ++figures_->in_use;
      return MysqlLease(*this, std::move(connection), waiter.generation);
    }
    place = Place::front;  // it has been waiting the longest
  }
}

void MysqlPool::renew() {
  std::vector<Idle> dropped;
  const std::lock_guard lock(mutex_);
  ++generation_;
  failure_.reset();
  dropped.swap(idle_);
  open_count_ -= dropped.size();
  serve_line();
}

void MysqlPool::wait_in_line(Waiter& waiter, Place place, Steady::time_point deadline) {
  std::unique_lock lock(mutex_);
  const auto mine = line_.insert(place == Place::front ? line_.begin() : line_.end(), &waiter);
  ++figures_->waiting;
  serve_line();
  while (waiter.state == Waiter::State::waits && Steady::now() < deadline) {
    Steady::time_point until = deadline;
    if (failure_ && !is_trying_) {  // the end of the pause is a chance, too
      const Monotonic left = std::max(pause_ends_ - clock_.monotonic(), Monotonic(1'000'000));
      until = std::min(deadline, Steady::now() + left);
    }
    waiter.changed.wait_until(lock, until);
    serve_line();
  }
  if (waiter.state == Waiter::State::waits) line_.erase(mine);
  --figures_->waiting;
}

// Gives turns from the front of the line as long as there is something to give.
void MysqlPool::serve_line() {
  while (!line_.empty()) {
    Waiter& first = *line_.front();
    if (!idle_.empty()) {
      first.state = Waiter::State::has_connection;
      first.connection = std::move(idle_.back().connection);
      first.idle_since = idle_.back().since;
      idle_.pop_back();
    } else if (may_open()) {
      first.state = Waiter::State::may_open;
      ++open_count_;
      is_trying_ = failure_.has_value();
    } else if (is_hopeless()) {
      first.state = Waiter::State::refused;
    } else {
      return;
    }
    first.generation = generation_;
    line_.pop_front();
    first.changed.notify_one();
  }
}

bool MysqlPool::may_open() const {
  if (open_count_ >= options_.size) return false;
  return !failure_ || (!is_trying_ && clock_.monotonic() >= pause_ends_);
}

// Nothing is on loan that could come back, nothing is being opened, and nothing may be.
bool MysqlPool::is_hopeless() const {
  return failure_.has_value() && open_count_ == 0;
}

MysqlPool::Connection MysqlPool::use_turn(Waiter& waiter) {
  if (waiter.state == Waiter::State::may_open) return open_one();
  if (clock_.monotonic() - waiter.idle_since < options_.ping_after) {
    return std::move(waiter.connection);
  }
  if (waiter.connection->ping()) return std::move(waiter.connection);
  waiter.connection.reset();
  // The server has been away: the others are as old, or older.
  std::vector<Idle> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(idle_);
  open_count_ -= dropped.size() + 1;
  serve_line();
  return nullptr;
}

MysqlPool::Connection MysqlPool::open_one() {
  MysqlResult<MysqlConnection> opened = open_();
  const std::lock_guard lock(mutex_);
  is_trying_ = false;
  if (opened) {
    opens_.add();
    if (failure_) log::info("reaches the ledger at " + options_.server + " again");
    failure_.reset();
    was_reached_ = true;
    serve_line();  // others need not wait for one attempt any more
    return std::make_unique<MysqlConnection>(*std::move(opened));
  }
  open_failures_.add();
  --open_count_;
  note_failure(opened.error());
  serve_line();
  return nullptr;
}

void MysqlPool::note_failure(const MysqlError& error) {
  const bool is_first = !failure_.has_value();
  const bool is_of_before =
      !is_first && clock_.monotonic() < pause_ends_;  // begun while all was well
  failure_ = to_read_error(error, "connect to the ledger at " + options_.server);
  if (is_of_before) return;
  pause_ = is_first ? Monotonic(options_.pause_min)
                    : std::min<Monotonic>(pause_ * 2, Monotonic(options_.pause_max));
  pause_ends_ = clock_.monotonic() + pause_;
  if (is_first && (was_reached_ || !options_.is_needed_at_start)) log::warn(failure_->message);
}

Error MysqlPool::refusal() const {
  if (failure_) return *failure_;
  return {ErrorCode::timeout, "none of the " + std::to_string(options_.size) +
                                  " connections to the ledger at " + options_.server +
                                  " came free within " + std::to_string(options_.wait.count()) +
                                  " ms: raise pool= in its URL if this lasts"};
}

void MysqlPool::put_back(Connection connection, std::uint64_t generation) {
  if (!connection->is_broken() && connection->in_transaction() && !connection->run("ROLLBACK")) {
    connection->abandon();
  }
  Connection dropped;  // closed without the lock
  const std::lock_guard lock(mutex_);
  --figures_->in_use;
  if (connection->is_broken() || generation != generation_) {
    dropped = std::move(connection);
    --open_count_;
  } else {
    idle_.push_back({std::move(connection), clock_.monotonic()});
  }
  serve_line();
}

}  // namespace firstcome
