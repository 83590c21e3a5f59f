#pragma once

#include <chrono>
#include <cstdint>

#include "core/clock.hpp"

// The only source of chance in a simulation: the same seed draws the same numbers on every machine
// (SplitMix64, Steele, Lea and Flood 2014; the standard library's distributions differ between
// machines). One thread.

namespace firstcome::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) { state_ = next(); }

  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9E3779B97F4A7C15ULL;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31);
  }

  // 0 … bound - 1.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

  // Both ends included.
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + below(most - least + 1);
  }
  Monotonic between(std::chrono::microseconds least, std::chrono::microseconds most) {
    const auto span = static_cast<std::uint32_t>((most - least).count());
    return least + std::chrono::microseconds(between(0U, span));
  }

  bool percent(std::uint32_t chance) { return below(100) < chance; }

 private:
  std::uint64_t state_;
};

}  // namespace firstcome::sim
