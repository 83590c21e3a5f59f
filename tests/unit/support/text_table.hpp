#pragma once

#include <string>
#include <string_view>
#include <vector>

// Tests as rows of a text table: cells are separated by | or →, blanks around them do not count,
// empty lines and lines that begin with # are left out.

namespace firstcome::testing {

using Row = std::vector<std::string>;

[[nodiscard]] inline std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

// "a  b" → {"a", "b"}
[[nodiscard]] inline std::vector<std::string> split(std::string_view text,
                                                    std::string_view separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    const std::string part = trimmed(text.substr(0, at));
    if (!part.empty()) parts.push_back(part);
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + separator.size());
  }
}

[[nodiscard]] inline std::vector<Row> rows(std::string_view table) {
  std::vector<Row> result;
  for (std::string line : split(table, "\n")) {
    if (line.starts_with('#')) continue;
    if (const std::size_t arrow = line.find("→"); arrow != std::string::npos) {
      line.replace(arrow, std::string_view("→").size(), "|");
    }
    result.push_back(split(line, "|"));
  }
  return result;
}

}  // namespace firstcome::testing
