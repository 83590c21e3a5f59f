#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "load/plan.hpp"

// What the command line says, and how it becomes a plan: a scenario fills in what was not said,
// then defaults do, and every number is checked. May block to resolve the host's name.

namespace firstcome::load {

struct Flags {
  std::string url = "http://127.0.0.1:8080";
  std::string campaign{};
  std::string scenario{};
  std::optional<std::uint64_t> virtual_users{};
  std::optional<std::uint64_t> requests{};
  std::optional<double> rate{};
  std::optional<std::uint64_t> connections{};
  std::optional<std::uint64_t> users{};
  std::string duration{};
  std::string warmup = "0";
  std::string timeout = "60";
  std::string user_prefix = "u";
  std::uint32_t threads = 1;
  std::string history{};
};

// The plan, all but its key. Error: invalid, with the flag's name as the field.
[[nodiscard]] Result<Plan> make_plan(const Flags& flags);

}  // namespace firstcome::load
