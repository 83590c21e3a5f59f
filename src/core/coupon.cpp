#include "core/coupon.hpp"

#include <sodium.h>

#include <cstring>

namespace firstcome {
namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::uint64_t half_mask = (std::uint64_t{1} << 40) - 1;
constexpr int rounds = 10;

void store_half(std::uint64_t half, std::uint8_t* out) {
  for (int i = 4; i >= 0; --i) {
    out[i] = static_cast<std::uint8_t>(half & 0xFF);
    half >>= 8;
  }
}

}  // namespace

std::string to_string(const CouponCode& code) {
  std::string text(16, '0');
  std::uint32_t bits = 0;
  int bit_count = 0;
  std::size_t at = 0;
  for (const std::uint8_t byte : code.bytes) {
    bits = (bits << 8) | byte;
    for (bit_count += 8; bit_count >= 5; bit_count -= 5) {
      text[at++] = crockford[(bits >> (bit_count - 5)) & 31U];
    }
  }
  return text;
}

std::optional<CouponCode> parse_coupon_code(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  CouponCode code;
  std::uint32_t bits = 0;
  int bit_count = 0;
  std::size_t at = 0;
  for (const char c : text) {
    const std::size_t digit = crockford.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 5) | static_cast<std::uint32_t>(digit);
    bit_count += 5;
    if (bit_count < 8) continue;
    bit_count -= 8;
    code.bytes[at++] = static_cast<std::uint8_t>(bits >> bit_count);
  }
  return code;
}

std::uint64_t CouponCodes::round(std::uint8_t number, std::uint64_t half) const noexcept {
  static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
  std::uint8_t input[6];
  input[0] = number;
  store_half(half, input + 1);
  std::uint8_t output[8];
  crypto_shorthash(output, input, sizeof input, key_.data());
  std::uint64_t value;
  std::memcpy(&value, output, sizeof value);
  return value & half_mask;
}

CouponCode CouponCodes::code(CampaignNumber campaign, Rank rank) const noexcept {
  std::uint64_t left = campaign.value;
  std::uint64_t right = rank.value;
  for (std::uint8_t i = 0; i < rounds; ++i) {
    const std::uint64_t mixed = left ^ round(i, right);
    left = right;
    right = mixed;
  }
  CouponCode code;
  store_half(left, code.bytes.data());
  store_half(right, code.bytes.data() + 5);
  return code;
}

}  // namespace firstcome
