#include "load/timings.hpp"

#include <algorithm>

namespace firstcome::load {
namespace {

constexpr std::array<std::string_view, measure_count> names{
    "http_req_blocked", "http_req_connecting", "http_req_sending",
    "http_req_waiting", "http_req_receiving",  "http_req_duration"};

Monotonic connecting(const Moments& moments) {
  if (!moments.connect_started || !moments.connected) return {};
  return *moments.connected - *moments.connect_started;
}

Timings never_sent(const Moments& moments, Model model) {
  const Monotonic waited = moments.done - moments.wanted;
  Timings timings{};
  timings[0] = waited;
  if (model == Model::open) timings.back() = waited;
  return timings;
}

}  // namespace

std::string_view to_string(Measure measure) noexcept {
  return names[static_cast<std::size_t>(measure)];
}

std::optional<Measure> parse_measure(std::string_view text) noexcept {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Measure>(found - names.begin());
}

Timings timings_of(const Moments& moments, Model model) noexcept {
  if (!moments.send_started) return never_sent(moments, model);
  // A request that failed half-way reached its later moments when it failed.
  const Monotonic sent = moments.sent.value_or(moments.first_byte.value_or(moments.done));
  const Monotonic first_byte = moments.first_byte.value_or(moments.done);
  const Monotonic start = *moments.send_started;
  return {start - moments.wanted,
          connecting(moments),
          sent - start,
          first_byte - sent,
          moments.done - first_byte,
          moments.done - (model == Model::open ? moments.wanted : start)};
}

}  // namespace firstcome::load
