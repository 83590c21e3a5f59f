#include "queue/redis/redis_connection.hpp"

#include <hiredis/hiredis.h>

#include <array>
#include <utility>

#include "core/check.hpp"
#include "queue/redis/redis_advice.hpp"
#include "queue/redis/redis_info.hpp"

namespace firstcome {
namespace {

// A step of set_up() and what its refusal means.
struct Step {
  RedisCommand command;
  std::string refused;  // the sentence's middle
};

std::vector<Step> steps_for(const RedisTarget& target) {
  std::vector<Step> steps;
  const RedisLogin& login = target.login;
  if (login.given()) {
    RedisCommand auth("AUTH");
    if (!login.user.empty()) auth.arg(login.user);
    const std::string user = login.user.empty() ? "the default user" : "user '" + login.user + "'";
    steps.push_back({std::move(auth.arg(login.password)), "does not let " + user + " in"});
  }
  if (target.database != 0) {
    const std::string number = std::to_string(target.database);
    steps.push_back({RedisCommand("SELECT").arg(number), "does not select database " + number});
  }
  steps.push_back(
      {RedisCommand("CLIENT").arg("SETNAME").arg(target.client_name), "does not let us in"});
  return steps;
}

std::unexpected<RedisError> refuse(const RedisEndpoint& endpoint, RedisErrorKind kind,
                                   const std::string& words) {
  return redis_fail(kind, "Redis at " + endpoint.str() + " " + words);
}

// Whether the server said it; otherwise the connection broke.
bool is_reply(const RedisError& error) {
  return error.kind != RedisErrorKind::timeout_or_reset &&
         error.kind != RedisErrorKind::unreachable;
}

// What a user may do without.
bool is_missing_permission(const RedisError& error) {
  return error.message.starts_with("NOPERM") || error.message.starts_with("ERR unknown");
}

std::string replica_words(std::string_view info) {
  return "is a replica of " + std::string(redis_info_field(info, "master_host")) + ":" +
         std::string(redis_info_field(info, "master_port")) +
         ": name the master instead, or let redis+sentinel:// find it";
}

}  // namespace

void RedisConnection::FreeReader::operator()(redisReader* reader) const noexcept {
  redisReaderFree(reader);
}

RedisConnection::RedisConnection(RedisStream stream, RedisEndpoint endpoint)
    : stream_(std::move(stream)), endpoint_(std::move(endpoint)), reader_(redisReaderCreate()) {
  CHECK(reader_ != nullptr, "hiredis made no reader");
}
RedisConnection::RedisConnection(RedisConnection&&) noexcept = default;
RedisConnection& RedisConnection::operator=(RedisConnection&&) noexcept = default;
RedisConnection::~RedisConnection() = default;

RedisExpected<RedisConnection> RedisConnection::open(const RedisTarget& target,
                                                     RedisDeadline deadline) {
  auto stream = RedisStream::connect(target.endpoint, target.tls.get(), deadline);
  if (!stream) return std::unexpected(std::move(stream.error()));
  RedisConnection connection(std::move(*stream), target.endpoint);
  if (auto ready = connection.set_up(target, deadline); !ready) {
    return std::unexpected(std::move(ready.error()));
  }
  if (!target.identify) return connection;
  if (auto known = connection.identify(target, deadline); !known) {
    return std::unexpected(std::move(known.error()));
  }
  return connection;
}

RedisExpected<void> RedisConnection::set_up(const RedisTarget& target, RedisDeadline deadline) {
  const std::vector<Step> steps = steps_for(target);
  std::vector<RedisRequest> requests;
  requests.reserve(steps.size());
  for (const Step& step : steps) requests.push_back({&step.command});
  send(requests, deadline);
  const std::vector<RedisResult> results = receive(deadline);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (results[i]) continue;
    const RedisError& error = results[i].error();
    if (!is_reply(error)) return gone(target);
    if (i + 1 == steps.size() && is_missing_permission(error)) continue;  // the name
    return refuse(endpoint_, error.kind,
                  steps[i].refused + ": " + with_redis_advice(error.message));
  }
  return {};
}

// Nothing of the caller's is under way yet, so nothing is unknown.
std::unexpected<RedisError> RedisConnection::gone(const RedisTarget& target) const {
  const char* const hint =
      target.tls ? "; if it wants a client's certificate, give tls_cert and tls_key" : "";
  return refuse(endpoint_, RedisErrorKind::unreachable, "gives no answer: " + broken_ + hint);
}

RedisExpected<void> RedisConnection::identify(const RedisTarget& target, RedisDeadline deadline) {
  const std::array commands{RedisCommand("INFO").arg("server"),
                            RedisCommand("INFO").arg("replication")};
  const std::vector<RedisResult> results = run(commands, deadline);
  for (const RedisResult& result : results) {
    if (result) continue;
    if (!is_reply(result.error())) return gone(target);
    return refuse(endpoint_, result.error().kind,
                  "does not answer INFO, by which servers are told apart: " +
                      with_redis_advice(result.error().message));
  }
  const std::string_view server = results[0]->text();
  const std::string_view replication = results[1]->text();
  if (redis_mode(server) == "sentinel") {
    return refuse(endpoint_, RedisErrorKind::denied, "is a Sentinel: use redis+sentinel://");
  }
  if (target.master_only && redis_info_field(replication, "role") != "master") {
    return refuse(endpoint_, RedisErrorKind::readonly, replica_words(replication));
  }
  id_ = {std::string(redis_info_field(server, "run_id")),
         std::string(redis_info_field(replication, "master_replid"))};
  return {};
}

bool RedisConnection::usable() const {
  return broken_.empty() && !stream_.readable();
}

void RedisConnection::send(std::span<const RedisRequest> requests, RedisDeadline deadline) {
  CHECK(ends_.empty(), "a pipeline was sent before the last one was received");
  wire_.clear();
  sent_ = 0;
  for (const RedisRequest& request : requests) {
    request.command->append_to(wire_, request.script_as_text);
    ends_.push_back(wire_.size());
  }
  if (!broken_.empty()) return;
  RedisStream::Sent sent = stream_.send(wire_, deadline);
  sent_ = sent.bytes;
  if (sent.error) broken_ = std::move(*sent.error);
}

std::vector<RedisResult> RedisConnection::receive(RedisDeadline deadline) {
  std::vector<RedisResult> results;
  results.reserve(ends_.size());
  bool whole = true;  // after a missing reply a later one could not be told from it
  for (const std::size_t end : ends_) {
    // What was sent before sending failed may have been answered.
    std::optional<RedisReply> reply = whole && end <= sent_ ? read_reply(deadline) : std::nullopt;
    if (!reply) {
      whole = false;
      if (broken_.empty()) broken_ = "no answer in time";
      results.emplace_back(std::unexpected(unanswered(end)));
    } else if (reply->kind() == RedisValue::Kind::error) {
      results.emplace_back(std::unexpected(classify_redis_error(reply->text())));
    } else {
      results.emplace_back(std::move(*reply));
    }
  }
  ends_.clear();
  return results;
}

std::vector<RedisResult> RedisConnection::run(std::span<const RedisCommand> commands,
                                              RedisDeadline deadline) {
  std::vector<RedisRequest> requests;
  requests.reserve(commands.size());
  for (const RedisCommand& command : commands) requests.push_back({&command});
  send(requests, deadline);
  return receive(deadline);
}

RedisExpected<void> RedisConnection::post(const RedisCommand& command, RedisDeadline deadline) {
  const RedisRequest request{&command};
  send(std::span(&request, 1), deadline);
  ends_.clear();
  if (!broken_.empty()) return lost();
  return {};
}

RedisExpected<std::optional<RedisReply>> RedisConnection::next(RedisDeadline deadline) {
  if (broken_.empty()) {
    if (auto reply = read_reply(deadline)) return reply;
    if (broken_.empty()) return std::nullopt;
  }
  return lost();
}

std::unexpected<RedisError> RedisConnection::lost() const {
  return refuse(endpoint_, RedisErrorKind::unreachable, "is lost: " + broken_);
}

std::optional<RedisReply> RedisConnection::parsed() {
  void* reply = nullptr;
  if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
    broken_ = std::string("it spoke no RESP, so it may be no Redis: ") + reader_->errstr;
    return std::nullopt;
  }
  if (reply == nullptr) return std::nullopt;
  return RedisReply(static_cast<redisReply*>(reply));
}

std::optional<RedisReply> RedisConnection::read_reply(RedisDeadline deadline) {
  while (true) {
    if (auto reply = parsed()) return reply;
    if (reader_->err != 0) return std::nullopt;
    const auto bytes = stream_.receive(deadline);
    if (!bytes) {
      if (!bytes.error().only_late && broken_.empty()) broken_ = bytes.error().words;
      return std::nullopt;
    }
    redisReaderFeed(reader_.get(), bytes->data(), bytes->size());
  }
}

RedisError RedisConnection::unanswered(std::size_t end) const {
  const bool left = end <= sent_;
  return {left ? RedisErrorKind::timeout_or_reset : RedisErrorKind::unreachable,
          "Redis at " + endpoint_.str() + (left ? ": no reply: " : ": not sent: ") + broken_};
}

}  // namespace firstcome
