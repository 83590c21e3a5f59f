#pragma once

#include <chrono>
#include <cstdint>

// When to send a PING and when to give up: one PING a second, and lost when nothing at all was
// heard for two seconds after one. Pure: the caller says what time it is.

namespace firstcome {

class RedisHeartbeat {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds interval{1000};
  static constexpr std::chrono::milliseconds patience{2000};

  enum class Beat : std::uint8_t { none, ping, lost };

  void start(Time now);
  void heard();                       // a reply or a message
  [[nodiscard]] Beat beat(Time now);  // what to do now; after `ping` one counts as sent
  [[nodiscard]] Time next() const;    // when to ask again, unless something is heard before

 private:
  Time pinged_{};
  bool due_ = false;  // nothing was heard since the last PING
};

}  // namespace firstcome
