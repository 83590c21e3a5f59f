#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// What a claim comes to. A normal value, never an error: most claims of a good drop are told no.

namespace firstcome {

enum class Outcome : std::uint8_t {
  issued,
  queued,
  sold_out,
  limit_reached,
  not_open,
  closed,
  paused,
};

[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;
[[nodiscard]] std::optional<Outcome> parse_outcome(std::string_view text) noexcept;

}  // namespace firstcome
