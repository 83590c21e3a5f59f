#include "core/ids.hpp"

#include <sodium.h>

#include "core/coupon.hpp"

namespace firstcome {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Decodes one code point at `at` and moves past it; -1 when the bytes are not well formed
// (RFC 3629, section 4: no overlong forms, no surrogates, nothing above U+10FFFF).
std::int32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(at++);
  if (lead < 0x80) return static_cast<std::int32_t>(lead);
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || at + static_cast<std::size_t>(more) > text.size()) return -1;
  auto value = static_cast<std::int32_t>(lead & (0x3FU >> more));
  for (int i = 0; i < more; ++i) {
    const unsigned next = byte(at++);
    if ((next & 0xC0U) != 0x80U) return -1;
    value = (value << 6) | static_cast<std::int32_t>(next & 0x3FU);
  }
  constexpr std::int32_t smallest[] = {0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  return value < smallest[more] || value > 0x10FFFF || surrogate ? -1 : value;
}

bool is_control(std::int32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F);
}

}  // namespace

bool is_clean_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::int32_t point = next_code_point(text, at);
    if (point < 0 || is_control(point)) return false;
  }
  return true;
}

Result<CampaignId> parse_campaign_id(std::string_view text) {
  const bool ok = !text.empty() && text.size() <= CampaignId::size_max &&
                  is_lower_or_digit(text.front()) && std::ranges::all_of(text, [](char c) {
                    return is_lower_or_digit(c) || c == '_' || c == '-';
                  });
  if (!ok) {
    return invalid("id",
                   "a campaign id is 1 to 64 characters of a-z, 0-9, _ and -, and starts with a "
                   "letter or digit");
  }
  return CampaignId::trusted(text);
}

Result<UserId> parse_user_id(std::string_view text) {
  if (text.empty() || text.size() > UserId::size_max) {
    return invalid("user",
                   "a user id is 1 to 64 bytes, this one is " + std::to_string(text.size()));
  }
  if (!is_clean_utf8(text)) {
    return invalid("user", "a user id is UTF-8 without control characters");
  }
  return UserId::trusted(text);
}

Result<IdempotencyKey> parse_idempotency_key(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  const bool visible = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
  if (text.empty() || text.size() > IdempotencyKey::size_max || !visible) {
    return invalid("Idempotency-Key", "an Idempotency-Key is 1 to 64 visible ASCII characters");
  }
  return IdempotencyKey::trusted(text);
}

IdempotencyKey draw_idempotency_key() {
  std::array<std::uint8_t, 10> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return IdempotencyKey::trusted("\x01" + to_string(CouponCode{bytes}));
}

bool is_drawn(const IdempotencyKey& key) noexcept {
  return key.view().starts_with('\x01');
}

}  // namespace firstcome
