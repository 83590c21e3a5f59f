#include "queue/redis/redis_subscriber.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "core/check.hpp"
#include "queue/redis/redis_heartbeat.hpp"

namespace firstcome {
namespace {

constexpr std::chrono::milliseconds retry_first{50};
constexpr std::chrono::milliseconds retry_max{1000};

using Channels = std::set<std::string, std::less<>>;

RedisCommand command_for(std::string_view verb, const Channels& channels) {
  RedisCommand command(verb);
  for (const std::string& channel : channels) command.arg(channel);
  return command;
}

Channels without(const Channels& all, const Channels& some) {
  Channels rest;
  std::ranges::set_difference(all, some, std::inserter(rest, rest.end()));
  return rest;
}

}  // namespace

class RedisSubscriber::Loop {
 public:
  Loop(std::shared_ptr<const RedisAccess> access, RedisListener listener)
      : access_(std::move(access)),
        listener_(std::move(listener)),
        map_(make_redis_map(access_)),
        wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    CHECK(wake_, "no descriptor is left for a subscriber's eventfd");
    thread_ = std::thread([this] { run(); });
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  ~Loop() {
    stopped_ = true;
    wake();
    thread_.join();
  }

  void change(const std::function<void(Channels&)>& change) {
    {
      const std::scoped_lock lock(mutex_);
      change(wanted_);
    }
    wake();
  }

 private:
  using Step = RedisExpected<void>;  // an error ends the session

  void run();
  Step session();
  RedisExpected<RedisConnection> connect();
  Step follow_wishes();
  Step hear();
  Step handle(const RedisReply& reply);
  void note_subscribed(const std::string& channel);
  void note_connected();
  void lost(const std::string& reason);
  void wake() const;
  void wait(int fd, std::chrono::milliseconds time);

  [[nodiscard]] RedisDeadline soon() const { return redis_deadline(access_->url().timeout); }

  const std::shared_ptr<const RedisAccess> access_;
  const RedisListener listener_;
  const std::unique_ptr<RedisMap> map_;
  const Fd wake_;  // eventfd
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  Channels wanted_;  // guarded by mutex_

  // The thread's own. Of the present session:
  RedisConnection* connection_ = nullptr;
  Channels asked_;    // SUBSCRIBE was sent
  Channels missing_;  // of those, not confirmed yet
  bool connected_ = false;
  RedisHeartbeat heartbeat_;
  // Of all sessions:
  bool told_lost_ = false;
  std::chrono::milliseconds retry_ = retry_first;

  std::thread thread_;  // last: it uses all of the above
};

void RedisSubscriber::Loop::run() {
  while (!stopped_) {
    const Step ended = session();
    connection_ = nullptr;
    connected_ = false;
    if (stopped_) return;
    if (!ended) lost(ended.error().message);
    const RedisDeadline until = redis_deadline(retry_);
    while (!stopped_ && time_left(until).count() > 0) wait(-1, time_left(until));
    retry_ = std::min(retry_ * 2, retry_max);
  }
}

RedisExpected<RedisConnection> RedisSubscriber::Loop::connect() {
  const RedisDeadline deadline = soon();
  if (auto known = map_->prepare(deadline); !known) return std::unexpected(known.error());
  const auto endpoint = map_->locate(std::nullopt);
  if (!endpoint) return std::unexpected(endpoint.error());
  map_->doubt(*endpoint);  // the next session asks anew
  return RedisConnection::open(access_->master(*endpoint), access_->attempt(deadline));
}

// Until the connection is lost (an error) or the subscriber ends.
RedisSubscriber::Loop::Step RedisSubscriber::Loop::session() {
  auto connection = connect();
  if (!connection) return std::unexpected(std::move(connection.error()));
  connection_ = &*connection;
  asked_.clear();
  missing_.clear();
  heartbeat_.start(std::chrono::steady_clock::now());
  while (!stopped_) {
    if (auto step = follow_wishes(); !step) return step;
    if (!connected_ && missing_.empty()) note_connected();
    wait(connection_->fd(), time_left(heartbeat_.next()));
    if (auto step = hear(); !step) return step;
    switch (heartbeat_.beat(std::chrono::steady_clock::now())) {
      case RedisHeartbeat::Beat::none:
        break;
      case RedisHeartbeat::Beat::ping:
        if (auto step = connection_->post(RedisCommand("PING"), soon()); !step) return step;
        break;
      case RedisHeartbeat::Beat::lost:
        return redis_fail(RedisErrorKind::unreachable, "Redis at " + connection_->endpoint().str() +
                                                           " answers no PING any more");
    }
  }
  return {};
}

// Makes what the server was asked for the same as what is wanted.
RedisSubscriber::Loop::Step RedisSubscriber::Loop::follow_wishes() {
  Channels wanted;
  {
    const std::scoped_lock lock(mutex_);
    wanted = wanted_;
  }
  const Channels added = without(wanted, asked_);
  const Channels removed = without(asked_, wanted);
  asked_ = std::move(wanted);
  for (const std::string& channel : removed) missing_.erase(channel);
  missing_.insert(added.begin(), added.end());
  if (!added.empty()) {
    if (auto sent = connection_->post(command_for("SUBSCRIBE", added), soon()); !sent) return sent;
  }
  if (removed.empty()) return {};
  return connection_->post(command_for("UNSUBSCRIBE", removed), soon());
}

// Handles all that is here.
RedisSubscriber::Loop::Step RedisSubscriber::Loop::hear() {
  while (!stopped_) {
    auto reply = connection_->next(RedisDeadline{});
    if (!reply) return std::unexpected(std::move(reply.error()));
    if (!*reply) return {};
    heartbeat_.heard();
    if (auto step = handle(**reply); !step) return step;
  }
  return {};
}

RedisSubscriber::Loop::Step RedisSubscriber::Loop::handle(const RedisReply& reply) {
  if (reply.kind() == RedisValue::Kind::error) {
    return std::unexpected(classify_redis_error(reply.text()));
  }
  const std::string_view what = reply[0].text();  // empty: a PING's answer without a subscription
  if (what == "subscribe") note_subscribed(std::string(reply[1].text()));
  if (what == "message" && asked_.contains(reply[1].text()) && listener_.on_message) {
    listener_.on_message(reply[1].text(), reply[2].text());
  }
  return {};
}

void RedisSubscriber::Loop::note_subscribed(const std::string& channel) {
  missing_.erase(channel);
  if (asked_.contains(channel) && listener_.on_subscribed) listener_.on_subscribed(channel);
}

void RedisSubscriber::Loop::note_connected() {
  connected_ = true;
  told_lost_ = false;
  retry_ = retry_first;
  if (listener_.on_connected) listener_.on_connected();
}

void RedisSubscriber::Loop::lost(const std::string& reason) {
  if (std::exchange(told_lost_, true)) return;
  if (listener_.on_lost) listener_.on_lost(reason);
}

void RedisSubscriber::Loop::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

// Until there is something to read, a wish, or the time is over. A negative `fd` is left out.
void RedisSubscriber::Loop::wait(int fd, std::chrono::milliseconds time) {
  pollfd entries[] = {{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                      {.fd = fd, .events = POLLIN, .revents = 0}};
  poll(entries, 2, static_cast<int>(time.count()));
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(wake_.get(), &count, sizeof count);
}

RedisSubscriber::RedisSubscriber(std::shared_ptr<const RedisAccess> access, RedisListener listener)
    : loop_(std::make_unique<Loop>(std::move(access), std::move(listener))) {}
RedisSubscriber::~RedisSubscriber() = default;

void RedisSubscriber::subscribe(std::string channel) {
  loop_->change([&](Channels& wanted) { wanted.insert(std::move(channel)); });
}

void RedisSubscriber::unsubscribe(const std::string& channel) {
  loop_->change([&](Channels& wanted) { wanted.erase(channel); });
}

}  // namespace firstcome
