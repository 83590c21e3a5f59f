#pragma once

#include <optional>
#include <string>
#include <string_view>

// Base64 for URLs without padding (RFC 4648, section 5). Pure functions.

namespace firstcome {

[[nodiscard]] std::string base64url_encode(std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace firstcome
