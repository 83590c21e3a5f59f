#pragma once

#include <string>
#include <string_view>
#include <vector>

// Text of SQL statements: values written into it, statements cut out of it. Pure.

namespace firstcome {

// Appends the bytes as a literal: 'plain' where all are ASCII letters, digits or signs that no SQL
// mode and no character set gives a meaning, else x'hex'. Both are the same value to a binary
// column; neither needs to know the session's character set or NO_BACKSLASH_ESCAPES.
void append_quoted(std::string& sql, std::string_view bytes);

// The statements of a text, without comments (`-- ` or `#` to the end of the line, `/* */`), blanks
// around them, and empty ones. A `;` in quotes ('…', "…", `…`) does not end a statement.
[[nodiscard]] std::vector<std::string> split_statements(std::string_view text);

}  // namespace firstcome
