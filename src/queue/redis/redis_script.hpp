#pragma once

#include <string>

// A Lua script and the digest under which servers know it (EVALSHA). Plain value; what is made once
// and kept for the life of the process, because commands refer to it.

namespace firstcome {

class RedisScript {
 public:
  explicit RedisScript(std::string text);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::string& sha1() const { return sha1_; }  // 40 lower-case hex digits

 private:
  std::string text_;
  std::string sha1_;
};

}  // namespace firstcome
