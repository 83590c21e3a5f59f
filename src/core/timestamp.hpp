#pragma once

#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/error.hpp"

// RFC 3339 date-times. Pure functions.

namespace firstcome {

// "2026-11-22T12:00:00.000Z": UTC with milliseconds, always 24 characters.
[[nodiscard]] std::string format_time(Time time);

// Reads an RFC 3339 section 5.6 date-time with any offset; digits past milliseconds are dropped.
// Years 1970 to 9999. Leap seconds (:60) are refused. Error: invalid, without a field.
[[nodiscard]] Result<Time> parse_time(std::string_view text);

}  // namespace firstcome
