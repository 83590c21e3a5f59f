#include "load/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

namespace firstcome::load {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  Monotonic span;
};

constexpr std::array<Unit, 7> units{
    {{"ns", 1ns}, {"us", 1us}, {"µs", 1us}, {"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}}};
constexpr Monotonic span_max = 24h * 30;

std::optional<Monotonic> find_unit(std::string_view name, Monotonic bare_unit) {
  if (name.empty()) return bare_unit;
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.span;
  }
  return std::nullopt;
}

std::string with_unit(double value, const char* unit) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%.2f%s", value, unit);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

Result<Monotonic> parse_span(std::string_view text, Monotonic bare_unit) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const auto unit = find_unit({rest, static_cast<std::size_t>(end - rest)}, bare_unit);
  const double span = unit ? number * static_cast<double>(unit->count()) : 0;
  const bool in_range = span >= 0 && span <= static_cast<double>(span_max.count());
  if (code != std::errc{} || !unit || !std::isfinite(number) || !in_range) {
    return fail(ErrorCode::invalid,
                "a span of time is like 50ms, 1.5s or 2m, got '" + std::string(text) + "'");
  }
  return Monotonic{std::llround(span)};
}

std::string format_span(Monotonic span) {
  const auto ns = static_cast<double>(span.count());
  if (span == 0ns) return "0s";
  if (span < 1us) return std::to_string(span.count()) + "ns";
  if (span < 1ms) return with_unit(ns / 1e3, "µs");
  if (span < 1s) return with_unit(ns / 1e6, "ms");
  return with_unit(ns / 1e9, "s");
}

std::string format_count(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string format_share(double share) {
  return with_unit(share * 100, "%");
}

}  // namespace firstcome::load
