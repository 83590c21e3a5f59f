#include "queue/redis/redis_reply.hpp"

#include <hiredis/hiredis.h>

#include <charconv>

namespace firstcome {

RedisValue::Kind RedisValue::kind() const noexcept {
  if (raw_ == nullptr) return Kind::nil;
  switch (raw_->type) {
    case REDIS_REPLY_STATUS:
      return Kind::status;
    case REDIS_REPLY_STRING:
      return Kind::text;
    case REDIS_REPLY_INTEGER:
      return Kind::integer;
    case REDIS_REPLY_ARRAY:
      return Kind::array;
    case REDIS_REPLY_ERROR:
      return Kind::error;
    default:
      return Kind::nil;
  }
}

std::string_view RedisValue::text() const noexcept {
  const Kind kind = this->kind();
  if (kind != Kind::text && kind != Kind::status && kind != Kind::error) return {};
  return {raw_->str, raw_->len};
}

std::optional<std::int64_t> RedisValue::integer() const noexcept {
  if (kind() == Kind::integer) return raw_->integer;
  const std::string_view text = kind() == Kind::text ? this->text() : std::string_view();
  std::int64_t value = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

std::size_t RedisValue::size() const noexcept {
  return kind() == Kind::array ? raw_->elements : 0;
}

RedisValue RedisValue::operator[](std::size_t index) const noexcept {
  return RedisValue(index < size() ? raw_->element[index] : nullptr);
}

void RedisReply::Free::operator()(redisReply* raw) const noexcept {
  freeReplyObject(raw);
}

}  // namespace firstcome
