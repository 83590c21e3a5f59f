#include "ledger/mysql/mysql_text.hpp"

#include <sodium.h>

#include <algorithm>

namespace firstcome {
namespace {

bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '\'' && c != '\\';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Where the comment at the text's begin ends; 0 when there is none. A `--` begins one only before a
// blank, as the servers have it.
std::size_t comment_size(std::string_view text) {
  const bool dashes = text.starts_with("--") && (text.size() == 2 || is_blank(text[2]));
  if (dashes || text.starts_with('#')) {
    return std::min(text.find('\n'), text.size());
  }
  if (!text.starts_with("/*")) return 0;
  const std::size_t end = text.find("*/", 2);
  return end == std::string_view::npos ? text.size() : end + 2;
}

// Where the quoted piece at the text's begin ends; 0 when there is none. A doubled quote is two
// pieces, which comes to the same.
std::size_t quoted_size(std::string_view text) {
  const char quote = text.front();
  if (quote != '\'' && quote != '"' && quote != '`') return 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote != '`') {
      ++i;
    } else if (text[i] == quote) {
      return i + 1;
    }
  }
  return text.size();
}

}  // namespace

void append_quoted(std::string& sql, std::string_view bytes) {
  if (std::ranges::all_of(bytes, is_plain)) {
    sql.append(1, '\'').append(bytes).append(1, '\'');
    return;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  sql.append("x'");
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    sql.append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  sql.append(1, '\'');
}

std::vector<std::string> split_statements(std::string_view text) {
  std::vector<std::string> statements;
  std::string statement;
  const auto end_statement = [&] {
    while (!statement.empty() && is_blank(statement.back())) statement.pop_back();
    if (!statement.empty()) statements.push_back(std::move(statement));
    statement.clear();
  };
  while (!text.empty()) {
    if (const std::size_t comment = comment_size(text); comment > 0) {
      if (!statement.empty()) statement += ' ';  // a comment parts words
      text.remove_prefix(comment);
      continue;
    }
    const std::size_t size = std::max<std::size_t>(quoted_size(text), 1);
    if (text.front() == ';') {
      end_statement();
    } else if (!statement.empty() || !is_blank(text.front())) {
      statement.append(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
  end_statement();
  return statements;
}

std::string hex_text(std::span<const std::uint8_t> bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

}  // namespace firstcome
