#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/error.hpp"

// How the load test reads and shows spans of time, counts and shares. Pure functions.

namespace firstcome::load {

// "50ms", "1.5s", "250us", "2m": a decimal number and one of ns, us, µs, ms, s, m, h. A number
// alone counts `bare_unit`s. At most 30 days. Error: invalid, without a field.
[[nodiscard]] Result<Monotonic> parse_span(std::string_view text, Monotonic bare_unit);

// "395.18µs", "12.46s": two decimals in the largest unit up to seconds; zero is "0s".
[[nodiscard]] std::string format_span(Monotonic span);

// "8,668".
[[nodiscard]] std::string format_count(std::uint64_t count);

// "50.00%" for 0.5.
[[nodiscard]] std::string format_share(double share);

}  // namespace firstcome::load
