#include "queue/redis/redis_round.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace firstcome {
namespace {

constexpr std::chrono::milliseconds pause_first{5};
constexpr std::chrono::milliseconds pause_max{100};
constexpr unsigned rounds_without_pause = 3;  // redirects in a row that are followed at once

const RedisCommand& asking() {
  static const RedisCommand command("ASKING");
  return command;
}

// The part of the call's time that WAIT may take, so that its reply still comes in time.
std::chrono::milliseconds wait_time(const RedisWait& wait, RedisDeadline deadline) {
  const auto left = time_left(deadline) * 3 / 4;
  return std::max(std::min(wait.time, left), std::chrono::milliseconds{1});  // 0 is for ever
}

}  // namespace

RedisExpected<void> RedisClient::State::refresh(RedisDeadline deadline) {
  for (auto it = connections.begin(); it != connections.end();) {
    if (it->second.usable()) {
      ++it;
    } else {
      map->doubt(it->first);
      it = connections.erase(it);
    }
  }
  return map->prepare(deadline);
}

RedisExpected<RedisConnection*> RedisClient::State::connect(const RedisEndpoint& endpoint,
                                                            RedisDeadline deadline) {
  const auto found = connections.find(endpoint);
  if (found != connections.end()) return &found->second;
  auto opened = RedisConnection::open(access->master(endpoint), access->attempt(deadline));
  if (!opened) return std::unexpected(std::move(opened.error()));
  ++generation;
  return &connections.emplace(endpoint, std::move(*opened)).first->second;
}

RedisClient::Round::Round(State& state, std::span<const RedisCommand> commands,
                          RedisDeadline deadline, std::optional<RedisWait> wait)
    : state_(state), commands_(commands), deadline_(deadline), wait_(wait) {
  waited_.replicas.resize(commands.size());
  waited_.results.reserve(commands.size());
  pending_.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    waited_.results.emplace_back(redis_fail(RedisErrorKind::unreachable, "not sent yet"));
    pending_.push_back({.index = i});
  }
}

RedisWaited RedisClient::Round::go() {
  while (!pending_.empty()) {
    route();
    if (wait_) add_waits();
    exchange();
    pending_ = std::exchange(again_, {});
    if (pending_.empty() || !pause()) break;
  }
  return std::move(waited_);
}

void RedisClient::Round::route() {
  groups_.clear();
  failed_.clear();
  const auto known = state_.refresh(deadline_);
  for (Pending& pending : std::exchange(pending_, {})) {
    if (known) {
      route_one(pending);
    } else {
      settle_one({}, pending, std::unexpected(known.error()));
    }
  }
}

void RedisClient::Round::route_one(const Pending& pending) {
  const RedisCommand& command = commands_[pending.index];
  auto endpoint = pending.ask ? *pending.ask : state_.map->locate(command.slot());
  if (!endpoint) return settle_one({}, pending, std::unexpected(std::move(endpoint.error())));
  const auto group = group_of(*endpoint);
  if (!group) return settle_one(*endpoint, pending, std::unexpected(group.error()));
  // What is asked for by ASKING was moved there by the slot's owner, whose history was right.
  const bool strange = command.wanted_server() && !pending.ask &&
                       *command.wanted_server() != (*group)->connection->server_id();
  if (strange) {
    return settle_one(*endpoint, pending,
                      redis_fail(RedisErrorKind::other_server,
                                 "Redis at " + endpoint->str() + " has another history"));
  }
  if (pending.ask) {
    (*group)->requests.push_back({&asking()});
    (*group)->pending.emplace_back();
  }
  (*group)->requests.push_back({&command, pending.as_text});
  (*group)->pending.emplace_back(pending);
}

RedisExpected<RedisClient::Round::Group*> RedisClient::Round::group_of(
    const RedisEndpoint& endpoint) {
  if (const auto found = groups_.find(endpoint); found != groups_.end()) return &found->second;
  if (const auto found = failed_.find(endpoint); found != failed_.end()) {
    return std::unexpected(found->second);
  }
  auto connection = state_.connect(endpoint, deadline_);
  if (!connection) {
    failed_.emplace(endpoint, connection.error());
    return std::unexpected(std::move(connection.error()));
  }
  Group& group = groups_[endpoint];
  group.connection = *connection;
  return &group;
}

void RedisClient::Round::add_waits() {
  wait_command_ = RedisCommand("WAIT");
  wait_command_->arg(std::int64_t{wait_->replicas}).arg(wait_time(*wait_, deadline_).count());
  for (auto& [endpoint, group] : groups_) {
    if (group.requests.empty()) continue;
    group.requests.push_back({&*wait_command_});
    group.pending.emplace_back();
  }
}

void RedisClient::Round::exchange() {
  for (auto& [endpoint, group] : groups_) group.connection->send(group.requests, deadline_);
  for (auto& [endpoint, group] : groups_) {
    settle(endpoint, group, group.connection->receive(deadline_));
  }
  for (const RedisEndpoint& endpoint : std::exchange(demoted_, {})) {
    state_.connections.erase(endpoint);
  }
}

void RedisClient::Round::settle(const RedisEndpoint& endpoint, const Group& group,
                                std::vector<RedisResult> results) {
  unsigned replicas = 0;
  if (wait_ && !results.empty() && results.back()) {
    replicas = static_cast<unsigned>(results.back()->integer().value_or(0));
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::optional<Pending>& pending = group.pending[i];
    if (!pending) continue;
    if (results[i]) waited_.replicas[pending->index] = replicas;
    settle_one(endpoint, *pending, std::move(results[i]));
  }
}

void RedisClient::Round::settle_one(const RedisEndpoint& endpoint, const Pending& pending,
                                    RedisResult result) {
  waited_.results[pending.index] = std::move(result);
  const RedisResult& settled = waited_.results[pending.index];
  if (settled) return;
  if (settled.error().kind == RedisErrorKind::readonly) demoted_.insert(endpoint);
  const RedisNext next = redis_next(settled.error().kind, state_.map->can_change());
  if (next != RedisNext::done) try_again(next, endpoint, pending, settled.error());
}

void RedisClient::Round::try_again(RedisNext next, const RedisEndpoint& endpoint, Pending pending,
                                   const RedisError& error) {
  pending.ask.reset();
  RedisRedirect redirect = error.redirect.value_or(RedisRedirect{});
  if (redirect.endpoint.host.empty()) redirect.endpoint.host = endpoint.host;
  if (next == RedisNext::follow) state_.map->moved(redirect);
  if (next == RedisNext::ask) pending.ask = redirect.endpoint;
  if (next == RedisNext::with_text) {
    if (pending.as_text) return;  // it was there, so this error is about something else
    pending.as_text = true;
  }
  if (next == RedisNext::elsewhere) state_.map->doubt(endpoint);
  if (next == RedisNext::elsewhere || next == RedisNext::later) must_pause_ = true;
  again_.push_back(std::move(pending));
}

// False when the time is over.
bool RedisClient::Round::pause() {
  const unsigned round = rounds_++;
  const auto left = time_left(deadline_);
  if (std::exchange(must_pause_, false) || round >= rounds_without_pause) {
    const auto wanted = std::min(pause_first * (1 << std::min(round, 5U)), pause_max);
    std::this_thread::sleep_for(std::min(wanted, left));
  }
  return time_left(deadline_).count() > 0;
}

}  // namespace firstcome
