#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace firstcome {

// A key that says who asks, by its BLAKE2b-256: enough to know it again, not to show it. Whoever
// reads the hash of a random key of 128 bits or more learns nothing of use; a short one he could
// guess. Comparing takes the same time whatever is compared.
struct KeyHash {
  std::array<std::uint8_t, 32> bytes{};

  [[nodiscard]] static KeyHash of(std::string_view key) noexcept;
  friend bool operator==(const KeyHash& a, const KeyHash& b) noexcept;
};

}  // namespace firstcome
