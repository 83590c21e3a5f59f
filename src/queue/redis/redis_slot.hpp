#pragma once

#include <cstdint>
#include <string_view>

// Which of the cluster's 16384 hash slots a key belongs to: CRC16/XMODEM of the key, or of what
// stands between its first '{' and the next '}' when that is not empty (Redis cluster
// specification, "Hash tags"). Pure function.

namespace firstcome {

inline constexpr std::uint16_t redis_slots = 16384;

[[nodiscard]] std::uint16_t redis_slot(std::string_view key) noexcept;

}  // namespace firstcome
