#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace firstcome::http {

// The path (`pace.batch`) of a member that this valid JSON text has twice, at any depth; compared
// as the names read, not as they are escaped. Parsers disagree on which of the two counts (RFC
// 8259, section 4), so a body with one is refused. Pure.
[[nodiscard]] std::optional<std::string> duplicate_member(std::string_view json);

}  // namespace firstcome::http
