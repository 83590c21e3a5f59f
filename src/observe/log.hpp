#pragma once

#include <string>
#include <string_view>

// The server's log: one line an event on stderr, `time level message`. For what an operator acts
// on, never for single claims. Any thread may log.

namespace firstcome::log {

// `level` is debug, info, warn or error. False when it is none of these.
[[nodiscard]] bool set_level(std::string_view level);

void debug(std::string_view message);
void info(std::string_view message);
void warn(std::string_view message);
void error(std::string_view message);

}  // namespace firstcome::log
