#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Text of SQL statements: values written into it, statements cut out of it. Pure.

namespace firstcome {

// Appends the bytes as a literal: 'plain' where all are printable ASCII without ' and \, else
// x'hex'. To a binary column both are those bytes. So there is no escaping, which would depend on
// the session's character set and on NO_BACKSLASH_ESCAPES.
void append_quoted(std::string& sql, std::string_view bytes);

// The statements of a text, without comments (`-- ` or `#` to the end of the line, `/* */`), blanks
// around them, and empty ones. A `;` in quotes ('…', "…", `…`) does not end a statement.
[[nodiscard]] std::vector<std::string> split_statements(std::string_view text);

// Lower-case hexadecimal digits.
[[nodiscard]] std::string hex_text(std::span<const std::uint8_t> bytes);

}  // namespace firstcome
