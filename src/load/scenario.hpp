#pragma once

#include <cstdint>
#include <span>
#include <string_view>

// Load tests with a name, so that everyone runs the same one: a campaign and what comes at it. One
// row a scenario; a new one is a new row.

namespace firstcome::load {

struct Scenario {
  std::string_view name;
  std::string_view purpose;
  std::uint64_t virtual_users;
  std::uint64_t requests;
  std::uint64_t users;
  std::uint32_t stock;  // of the campaign it makes, which is instant with one coupon a user
};

[[nodiscard]] std::span<const Scenario> scenarios() noexcept;

// Null when there is none of that name.
[[nodiscard]] const Scenario* find_scenario(std::string_view name) noexcept;

}  // namespace firstcome::load
