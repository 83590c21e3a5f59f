#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

struct redisReply;  // of hiredis NOLINT(readability-identifier-naming)

// What a server replied, looked into without a copy. Nothing here fails: a question that does not
// fit the value's kind has an empty answer, so a reply of unexpected shape needs one check at its
// end. RESP2 (https://redis.io/docs/reference/protocol-spec).

namespace firstcome {

// A view of a reply or of one of its elements; valid as long as the RedisReply.
class RedisValue {
 public:
  enum class Kind : std::uint8_t { nil, status, text, integer, array, error };

  explicit RedisValue(const redisReply* raw = nullptr) noexcept : raw_(raw) {}

  [[nodiscard]] Kind kind() const noexcept;
  [[nodiscard]] bool is_nil() const noexcept { return kind() == Kind::nil; }

  // Of a text, a status or an error (its message); binary-safe, empty for the others.
  [[nodiscard]] std::string_view text() const noexcept;

  // Of an integer, or of a text that is one as a whole.
  [[nodiscard]] std::optional<std::int64_t> integer() const noexcept;

  // Elements of an array; 0 for the others. Beyond the last: nil.
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] RedisValue operator[](std::size_t index) const noexcept;

 private:
  const redisReply* raw_;
};

// Owns a reply. Move-only.
class RedisReply : public RedisValue {
 public:
  RedisReply() = default;
  explicit RedisReply(redisReply* raw) noexcept : RedisValue(raw), owned_(raw) {}

 private:
  struct Free {
    void operator()(redisReply* raw) const noexcept;
  };
  std::unique_ptr<redisReply, Free> owned_;
};

}  // namespace firstcome
