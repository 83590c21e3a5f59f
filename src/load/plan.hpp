#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "load/timings.hpp"
#include "net/address.hpp"

// What one load test is to do, with every default filled in. Plain value, the same for all threads.

namespace firstcome::load {

inline constexpr std::uint64_t requests_max = 100'000'000;
inline constexpr std::uint64_t connections_max = 60'000;
inline constexpr std::uint32_t threads_max = 64;
inline constexpr double rate_max = 1'000'000;

struct Plan {
  std::string url{};        // as given, for the report
  std::string authority{};  // "127.0.0.1:8080"
  Address address{};
  std::string campaign{};
  std::string key{};       // the issue key
  std::string scenario{};  // its name, empty for none

  Model model = Model::closed;
  std::uint64_t connections = 0;  // closed: the virtual users; open: the most that are opened
  std::uint64_t requests = 0;     // in all
  double rate = 0;                // open: requests due a second
  Monotonic duration{};           // closed: no request begins later; open: length of the schedule
  Monotonic warmup{};
  Monotonic timeout{};  // for one reply, and for what is under way at the end
  std::uint64_t users = 0;
  std::string user_prefix{};
  std::uint32_t threads = 1;
  std::string history_path{};  // empty for none
};

}  // namespace firstcome::load
