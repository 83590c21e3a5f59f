#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/ids.hpp"

// What a claim becomes when it wins, and the code printed on it.

namespace firstcome {

// 80 bits, shown as 16 characters of Crockford's base32.
struct CouponCode {
  std::array<std::uint8_t, 10> bytes{};
  friend bool operator==(const CouponCode&, const CouponCode&) = default;
};

[[nodiscard]] std::string to_string(const CouponCode& code);
[[nodiscard]] std::optional<CouponCode> parse_coupon_code(std::string_view text);

// Makes codes from (campaign, rank) with a keyed permutation of 80-bit blocks: a ten-round balanced
// Feistel network whose round function is SipHash-2-4 (Luby and Rackoff 1988; ten rounds as in NIST
// SP 800-38G FF1). A permutation never maps two blocks to one code, so codes are unique in a ledger
// without an index, and a commit that has to be repeated gets the same codes. Nobody without the
// key can tell one code from others. Immutable, so any thread may call it.
class CouponCodes {
 public:
  using Key = std::array<std::uint8_t, 16>;

  explicit CouponCodes(const Key& key) : key_(key) {}

  [[nodiscard]] CouponCode code(CampaignNumber campaign, Rank rank) const noexcept;

 private:
  [[nodiscard]] std::uint64_t round(std::uint8_t number, std::uint64_t half) const noexcept;

  Key key_;
};

struct Coupon {
  Rank rank{};
  std::uint32_t nth = 1;  // the user's first, second, … coupon of this campaign
  CouponCode code{};
  Time issued_at{};
  std::optional<Time> expires_at{};
  friend bool operator==(const Coupon&, const Coupon&) = default;
};

}  // namespace firstcome
