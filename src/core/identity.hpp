#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "core/ids.hpp"

// Who claims, as 128-bit keyed fingerprints, so that the index in memory holds 16 bytes a user
// whatever the length of the id. SipHash-2-4-128 under a key that each process draws at its start
// and never shows: two ids that share a fingerprint cannot be constructed, and among 10 million
// coupons the chance of one pair is below 2^-82.

namespace firstcome {

struct Fingerprint {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
};

struct Identity {
  Fingerprint user{};
  Fingerprint claim{};  // of (user, Idempotency-Key); zero without a key
  [[nodiscard]] bool keyed() const noexcept { return claim != Fingerprint{}; }
  friend constexpr bool operator==(const Identity&, const Identity&) = default;
};

// Immutable, so any thread may call it.
class Fingerprints {
 public:
  using Key = std::array<std::uint8_t, 16>;

  explicit Fingerprints(const Key& key) : key_(key) {}

  // With a key drawn from the system's random source. Call once at start.
  [[nodiscard]] static Fingerprints with_random_key();

  [[nodiscard]] Fingerprint of(const UserId& user) const noexcept;
  [[nodiscard]] Identity of(const UserId& user, const IdempotencyKey& key) const noexcept;

 private:
  Key key_;
};

}  // namespace firstcome
