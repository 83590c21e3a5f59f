#include <algorithm>
#include <string>

#include "core/base64url.hpp"
#include "core/check.hpp"
#include "core/coupon.hpp"
#include "core/cursor.hpp"
#include "core/ids.hpp"
#include "core/outcome.hpp"
#include "core/timestamp.hpp"
#include "input.hpp"

// Names, times, codes and cursors as clients send them: whatever is accepted has exactly the form
// that the contract names, and reads back from how it is shown.

namespace firstcome {
namespace {

void campaign_ids(std::string_view text) {
  const auto id = parse_campaign_id(text);
  if (!id) return;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  CHECK(id->view() == text, "an id is kept as it is");
  CHECK(!text.empty() && text.size() <= 64, "[a-z0-9][a-z0-9_-]{0,63}");
  CHECK(text[0] != '_' && text[0] != '-', "[a-z0-9][a-z0-9_-]{0,63}");
  CHECK(std::ranges::all_of(text, allowed), "[a-z0-9][a-z0-9_-]{0,63}");
}

void user_ids(std::string_view text) {
  const auto user = parse_user_id(text);
  CHECK(user.has_value() == (!text.empty() && text.size() <= 64 && is_clean_utf8(text)),
        "1 to 64 bytes of UTF-8 without control characters");
  if (user) CHECK(user->view() == text, "a user id is kept as it is");
}

void idempotency_keys(std::string_view text) {
  const auto key = parse_idempotency_key(text);
  if (!key) return;
  const auto visible = [](char c) { return c > ' ' && c < 0x7f; };
  CHECK(!key->empty() && std::ranges::all_of(key->view(), visible), "1 to 64 visible characters");
  CHECK(key->view() == text || '"' + key->str() + '"' == text, "only quotes are taken off");
}

void times(std::string_view text) {
  const auto time = parse_time(text);
  if (!time) return;
  const auto again = parse_time(format_time(*time));
  CHECK(again && *again == *time, "a time reads back");
}

void codes(std::string_view text) {
  if (const auto code = parse_coupon_code(text)) {
    CHECK(parse_coupon_code(to_string(*code)) == code, "a code reads back");
  }
  if (const auto bytes = base64url_decode(text)) {
    CHECK(base64url_encode(*bytes) == text, "bytes have one text");
  }
  CHECK(base64url_decode(base64url_encode(text)) == text, "any bytes can be shown");
  if (const auto outcome = parse_outcome(text)) CHECK(to_string(*outcome) == text, "one word each");
}

void cursors(std::string_view text) {
  const Cursors cursors(Cursors::Key{1, 2, 3});
  if (const auto position = cursors.read("campaigns", text)) {
    CHECK(cursors.make("campaigns", *position) == text, "a cursor that was made up is refused");
  }
}

}  // namespace
}  // namespace firstcome

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = firstcome::text_of(data, size);
  firstcome::campaign_ids(text);
  firstcome::user_ids(text);
  firstcome::idempotency_keys(text);
  firstcome::times(text);
  firstcome::codes(text);
  firstcome::cursors(text);
  return 0;
}
