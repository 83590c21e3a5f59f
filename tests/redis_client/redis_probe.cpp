// The Redis client in a process of its own, for tests that break real servers under it:
//
//   redis_probe URL      a request a line on stdin, a reply a line on stdout, both JSON
//
// Requests: run, server, reset, subscribe, unsubscribe, check; what they hold is read below. A line
// with "event" is something that the subscriber heard; it may come between any two replies.

#include <boost/json.hpp>
#include <iostream>
#include <map>
#include <mutex>
#include <string>

#include "queue/redis/redis_checks.hpp"
#include "queue/redis/redis_client.hpp"
#include "queue/redis/redis_subscriber.hpp"

namespace firstcome {
namespace {

namespace json = boost::json;

void say(const json::object& line) {
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  std::cout << json::serialize(line) << std::endl;
}

json::object failure(const RedisError& error) {
  return {{"error", to_string(error.kind)}, {"message", error.message}};
}

json::value to_json(const RedisValue& value) {
  switch (value.kind()) {
    case RedisValue::Kind::integer:
      return value.integer().value();
    case RedisValue::Kind::array: {
      json::array elements;
      for (std::size_t i = 0; i < value.size(); ++i) elements.push_back(to_json(value[i]));
      return elements;
    }
    case RedisValue::Kind::nil:
      return nullptr;
    case RedisValue::Kind::text:
    case RedisValue::Kind::status:
    case RedisValue::Kind::error:
      return json::string(value.text());
  }
  return nullptr;
}

json::array to_json(const std::vector<RedisResult>& results) {
  json::array array;
  for (const RedisResult& result : results) {
    array.push_back(result ? json::object{{"ok", to_json(*result)}} : failure(result.error()));
  }
  return array;
}

std::string_view text(const json::value& value) {
  return value.as_string();
}

class Probe {
 public:
  explicit Probe(std::shared_ptr<const RedisAccess> access)
      : access_(std::move(access)), client_(access_) {}

  json::object answer(const json::object& request) {
    const std::string_view what = text(request.at("do"));
    if (what == "run") return run(request);
    if (what == "server") return server(text(request.at("key")));
    if (what == "check") return check();
    if (what == "reset") client_.reset();
    if (what == "subscribe") subscriber().subscribe(std::string(text(request.at("channel"))));
    if (what == "unsubscribe") subscriber().unsubscribe(std::string(text(request.at("channel"))));
    return {{"done", true}};
  }

 private:
  json::object run(const json::object& request);
  json::object server(std::string_view key);
  json::object check();
  RedisCommand command(const json::object& wanted);
  RedisSubscriber& subscriber();

  std::shared_ptr<const RedisAccess> access_;
  RedisClient client_;
  RedisServerId seen_;  // by the last "server"
  std::map<std::string, RedisScript, std::less<>> scripts_;
  std::unique_ptr<RedisSubscriber> subscriber_;
};

// {"words": ["SET"], "keys": ["k"], "args": ["v"]}, or "script" in place of "words"; "fenced": only
// on the server that the last "server" has shown.
RedisCommand Probe::command(const json::object& wanted) {
  const json::array none;
  const auto list = [&](const char* name) {
    const json::value* const value = wanted.if_contains(name);
    return value == nullptr ? none : value->as_array();
  };
  RedisCommand result("");
  if (const json::value* const script = wanted.if_contains("script")) {
    const std::string lua(text(*script));
    result = RedisCommand::script(scripts_.try_emplace(lua, lua).first->second,
                                  static_cast<unsigned>(list("keys").size()));
  } else {
    const json::array words = list("words");
    result = RedisCommand(text(words[0]));
    for (std::size_t i = 1; i < words.size(); ++i) result.arg(text(words[i]));
  }
  for (const json::value& key : list("keys")) result.key(text(key));
  for (const json::value& arg : list("args")) result.arg(text(arg));
  if (wanted.contains("fenced")) result.only_on(seen_);
  return result;
}

json::object Probe::run(const json::object& request) {
  std::vector<RedisCommand> commands;
  for (const json::value& wanted : request.at("commands").as_array()) {
    commands.push_back(command(wanted.as_object()));
  }
  RedisRunOptions options;
  if (const json::value* const time = request.if_contains("time_ms")) {
    options.time = std::chrono::milliseconds(time->to_number<int>());
  }
  const auto start = std::chrono::steady_clock::now();
  json::object answer;
  if (const json::value* const wait = request.if_contains("wait_ms")) {
    const RedisWaited waited = client_.run_and_wait(
        commands, {.time = std::chrono::milliseconds(wait->to_number<int>())}, options);
    answer["results"] = to_json(waited.results);
    answer["replicas"] = json::value_from(waited.replicas);
  } else {
    answer["results"] = to_json(client_.run(commands, options));
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  answer["ms"] = took.count();
  answer["generation"] = client_.generation();
  return answer;
}

json::object Probe::server(std::string_view key) {
  const auto server = client_.server_of(key);
  if (!server) return failure(server.error());
  seen_ = server->id;
  return {{"endpoint", server->endpoint.str()},
          {"run_id", server->id.run_id},
          {"replication_id", server->id.replication_id}};
}

json::object Probe::check() {
  const auto report = check_redis(access_, redis_deadline(std::chrono::seconds(5)));
  if (!report) {
    return {{"error", to_string(report.error().code)}, {"message", report.error().message}};
  }
  return {{"servers", json::value_from(report->servers)},
          {"warnings", json::value_from(report->warnings)}};
}

RedisSubscriber& Probe::subscriber() {
  if (subscriber_ == nullptr) {
    const auto event = [](const char* name, const char* field) {
      return [=](std::string_view value) { say({{"event", name}, {field, value}}); };
    };
    subscriber_ = std::make_unique<RedisSubscriber>(
        access_,
        RedisListener{.on_message =
                          [](std::string_view channel, std::string_view payload) {
                            say({{"event", "message"}, {"channel", channel}, {"payload", payload}});
                          },
                      .on_subscribed = event("subscribed", "channel"),
                      .on_connected = [] { say({{"event", "connected"}}); },
                      .on_lost = event("lost", "reason")});
  }
  return *subscriber_;
}

int main(const std::string& text_of_url) {
  const auto url = parse_redis_url(text_of_url);
  const auto access = url ? RedisAccess::make(*url, "redis_probe") : std::unexpected(url.error());
  if (!access) {
    std::cerr << access.error().message << '\n';
    return 2;
  }
  Probe probe(*access);
  for (std::string line; std::getline(std::cin, line);) {
    say(probe.answer(json::parse(line).as_object()));
  }
  return 0;
}

}  // namespace
}  // namespace firstcome

int main(int argc, char** argv) {
  return firstcome::main(argc > 1 ? argv[1] : "");
}
