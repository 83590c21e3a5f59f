#include "queue/redis/redis_command.hpp"

#include <charconv>
#include <utility>

#include "queue/redis/redis_slot.hpp"

namespace firstcome {
namespace {

void append_header(std::string& wire, char type, std::size_t count) {
  char digits[24];
  const auto [end, code] = std::to_chars(digits, digits + sizeof digits, count);
  wire += type;
  wire.append(digits, end);
  wire += "\r\n";
}

void append_word(std::string& wire, std::string_view word) {
  append_header(wire, '$', word.size());
  wire += word;
  wire += "\r\n";
}

}  // namespace

RedisCommand::RedisCommand(std::string_view verb) {
  arg(verb);
}

RedisCommand RedisCommand::script(const RedisScript& script, unsigned keys) {
  RedisCommand command;
  command.script_ = &script;
  command.arg(std::int64_t{keys});
  return command;
}

RedisCommand& RedisCommand::arg(std::string_view bytes) & {
  append_word(body_, bytes);
  ++words_;
  return *this;
}

RedisCommand& RedisCommand::arg(std::int64_t number) & {
  char digits[24];
  const auto [end, code] = std::to_chars(digits, digits + sizeof digits, number);
  return arg(std::string_view(digits, end));
}

RedisCommand& RedisCommand::key(std::string_view key) & {
  return at(key).arg(key);
}

RedisCommand& RedisCommand::at(std::string_view key) & {
  if (!slot_) slot_ = redis_slot(key);
  return *this;
}

RedisCommand& RedisCommand::only_on(RedisServerId id) & {
  server_ = std::move(id);
  return *this;
}

void RedisCommand::append_to(std::string& wire, bool script_as_text) const {
  append_header(wire, '*', words_ + (script_ != nullptr ? 2 : 0));
  if (script_ != nullptr) {
    append_word(wire, script_as_text ? "EVAL" : "EVALSHA");
    append_word(wire, script_as_text ? script_->text() : script_->sha1());
  }
  wire += body_;
}

}  // namespace firstcome
