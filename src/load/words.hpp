#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What the report says, in English and Korean. Metric names stay as they are.

namespace firstcome::load {

enum class Language : std::uint8_t { english, korean };

struct Words {
  std::string_view title;
  std::string_view item;
  std::string_view value;
  std::string_view requests;
  std::string_view served;
  std::string_view refused;
  std::string_view failed;
  std::string_view average;
  std::string_view p95;
  std::string_view p99;
  std::string_view max;
  std::string_view blocked;
  std::string_view connecting;
  std::string_view sending;
  std::string_view waiting;
  std::string_view receiving;
  std::string_view virtual_users;
  std::string_view connections;
  std::string_view scheduled;
  std::string_view elapsed;
  std::string_view outcomes;
  std::string_view statuses;
  std::string_view failures;
  std::string_view thresholds;
  std::string_view interrupted;
  std::string_view open_model;  // what latency means there
};

[[nodiscard]] const Words& words_of(Language language) noexcept;

// The columns a terminal needs for it: Hangul takes two, everything else that is used here one.
[[nodiscard]] std::size_t columns_of(std::string_view text) noexcept;

// Filled up with spaces to so many columns.
[[nodiscard]] std::string padded_right(std::string_view text, std::size_t columns);
[[nodiscard]] std::string padded_left(std::string_view text, std::size_t columns);

}  // namespace firstcome::load
