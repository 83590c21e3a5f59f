#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"

// The names and numbers that cross module borders, each its own type, so that a rank cannot be
// passed where a ticket is meant. Texts are stored inline: a claim travels between threads without
// an allocation. All types are plain values.

namespace firstcome {

// Up to 64 bytes held in place. Only the parse functions below make non-empty ones.
template <class Tag>
class ShortText {
 public:
  static constexpr std::size_t size_max = 64;

  constexpr ShortText() = default;

  [[nodiscard]] constexpr std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  [[nodiscard]] std::string str() const { return std::string(view()); }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }

  // For text that is already known to be valid (read back from the ledger); cut at size_max.
  [[nodiscard]] static constexpr ShortText trusted(std::string_view text) noexcept {
    ShortText result;
    result.size_ = static_cast<std::uint8_t>(std::min(text.size(), size_max));
    std::copy_n(text.begin(), result.size_, result.bytes_.begin());
    return result;
  }

  friend constexpr bool operator==(const ShortText& a, const ShortText& b) noexcept {
    return a.view() == b.view();
  }
  friend constexpr auto operator<=>(const ShortText& a, const ShortText& b) noexcept {
    return a.view() <=> b.view();
  }

 private:
  std::uint8_t size_ = 0;
  std::array<char, size_max> bytes_;  // bytes past size_ are not set: claims are copied often
};

using CampaignId = ShortText<struct CampaignIdTag>;
using UserId = ShortText<struct UserIdTag>;
using IdempotencyKey = ShortText<struct IdempotencyKeyTag>;  // empty: the claim carries none

// `[a-z0-9][a-z0-9_-]{0,63}`. Error: invalid, field "id".
[[nodiscard]] Result<CampaignId> parse_campaign_id(std::string_view text);

// 1 to 64 bytes of UTF-8 without control characters (C0, DEL, C1). Error: invalid, field "user".
[[nodiscard]] Result<UserId> parse_user_id(std::string_view text);

// 1 to 64 visible ASCII characters; one pair of enclosing double quotes is removed. Error: invalid,
// field "Idempotency-Key".
[[nodiscard]] Result<IdempotencyKey> parse_idempotency_key(std::string_view text);

// A key for a claim that came without one, where claims must be told apart. It begins with a byte
// that no client's key can have. Any thread.
[[nodiscard]] IdempotencyKey draw_idempotency_key();
[[nodiscard]] bool is_drawn(const IdempotencyKey& key) noexcept;

// True when the text is well-formed UTF-8 (RFC 3629) and holds no control character.
[[nodiscard]] bool is_clean_utf8(std::string_view text) noexcept;

template <class Tag, class Rep>
struct Number {
  Rep value{};
  friend constexpr auto operator<=>(const Number&, const Number&) = default;
};

// A campaign's number in the ledger, given in order of creation, from 1.
using CampaignNumber = Number<struct CampaignNumberTag, std::uint32_t>;
// The place in which a coupon was issued, from 1, without gaps within a campaign.
using Rank = Number<struct RankTag, std::uint32_t>;
// A claim's place in arrival order, given once at one point; comparable within an epoch.
using Ticket = Number<struct TicketTag, std::uint64_t>;
// Whoever issues holds the newest; the ledger refuses an older one.
using Epoch = Number<struct EpochTag, std::uint64_t>;

}  // namespace firstcome
