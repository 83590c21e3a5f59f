#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.hpp"

// The moments of one request and the spans between them, under the names that k6 gave them:
//
//   wanted ──blocked── send_started ──sending── sent ──waiting── first_byte ──receiving── done
//
// `blocked` is the wait for a connection, the time to open one included; `connecting` is the time
// to open one alone, counted at its first request and 0 at all others. http_req_duration is
// sending + waiting + receiving in the closed model, as in k6. In the open model it begins at the
// instant when the request was due: what a user waits while the server stalls is then in it, also
// when the request could not even be sent. Plain values and pure functions.

namespace firstcome::load {

enum class Model : std::uint8_t { closed, open };

struct Moments {
  Monotonic wanted{};  // closed: its connection was asked for; open: the request was due
  std::optional<Monotonic> connect_started{};  // only where this request's connection was opened
  std::optional<Monotonic> connected{};
  std::optional<Monotonic> send_started{};  // none: it was never sent
  std::optional<Monotonic> sent{};
  std::optional<Monotonic> first_byte{};
  Monotonic done{};  // the last byte, or when it failed
};

enum class Measure : std::uint8_t { blocked, connecting, sending, waiting, receiving, duration };
inline constexpr std::size_t measure_count = 6;

// "http_req_blocked" and so on.
[[nodiscard]] std::string_view to_string(Measure measure) noexcept;
[[nodiscard]] std::optional<Measure> parse_measure(std::string_view text) noexcept;

// One span for each Measure, in its order. A request that was never sent has only `blocked`, and in
// the open model `duration`.
using Timings = std::array<std::optional<Monotonic>, measure_count>;

[[nodiscard]] Timings timings_of(const Moments& moments, Model model) noexcept;

}  // namespace firstcome::load
