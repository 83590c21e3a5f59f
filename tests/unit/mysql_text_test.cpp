#include "ledger/mysql/mysql_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace firstcome {
namespace {

using namespace std::string_literals;

std::string quoted(const std::string& bytes) {
  std::string sql = "=";
  append_quoted(sql, bytes);
  return sql.substr(1);
}

TEST(QuotedBytes, are_plain_where_that_is_safe) {
  EXPECT_EQ(quoted(""), "''");
  EXPECT_EQ(quoted("user-1@x.example:_ ~"), "'user-1@x.example:_ ~'");
  EXPECT_EQ(quoted(R"({"a": [1, "%"]};--#/*)"), R"('{"a": [1, "%"]};--#/*')");
  EXPECT_EQ(quoted("o'neil"), "x'6f276e65696c'");
  EXPECT_EQ(quoted("a\\"), "x'615c'");
  EXPECT_EQ(quoted("\0\x1F\x7F\x80\xFF"s), "x'001f7f80ff'");
  EXPECT_EQ(quoted("\xEA\xB9\x80"), "x'eab980'");
}

std::string unquoted(std::string_view literal) {
  if (literal.starts_with('\'')) return std::string(literal.substr(1, literal.size() - 2));
  std::string bytes;
  for (std::size_t i = 2; i + 1 < literal.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(literal.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

RC_GTEST_PROP(QuotedBytes, hold_nothing_that_ends_or_escapes, (const std::string& bytes)) {
  const std::string literal = quoted(bytes);
  RC_ASSERT(std::ranges::count(literal, '\'') == 2);
  RC_ASSERT(!literal.contains('\\'));
  RC_ASSERT(std::ranges::all_of(literal, [](char c) { return c >= ' ' && c <= '~'; }));
  RC_ASSERT(unquoted(literal) == bytes);
}

using Statements = std::vector<std::string>;

TEST(SplitStatements, leaves_comments_and_blanks_out) {
  EXPECT_EQ(split_statements(""), Statements{});
  EXPECT_EQ(split_statements(" ;; \n; -- nothing; here"), Statements{});
  EXPECT_EQ(split_statements("A; B"), (Statements{"A", "B"}));
  EXPECT_EQ(split_statements("-- one; two\nA -- three;\n  b;\n# four; \nC;"),
            (Statements{"A  \n  b", "C"}));
  EXPECT_EQ(split_statements("A/* ; */B; C /* open"), (Statements{"A B", "C"}));
  EXPECT_EQ(split_statements("A --\nb"), (Statements{"A  \nb"}));
}

TEST(SplitStatements, knows_what_is_no_comment_and_no_end) {
  EXPECT_EQ(split_statements("SELECT 1--1; B"), (Statements{"SELECT 1--1", "B"}));
  EXPECT_EQ(split_statements(R"(A 'x; -- ''y' "z;" `q;`; B)"),
            (Statements{R"(A 'x; -- ''y' "z;" `q;`)", "B"}));
  EXPECT_EQ(split_statements(R"(A 'it\'s; one'; `\`; B)"),
            (Statements{R"(A 'it\'s; one')", R"(`\`)", "B"}));
  EXPECT_EQ(split_statements("A 'open; B"), (Statements{"A 'open; B"}));
}

RC_GTEST_PROP(SplitStatements, gives_back_statements_that_were_joined,
              (const std::vector<std::string>& texts)) {
  std::string joined;
  Statements expected;
  for (const std::string& text : texts) {
    expected.push_back("SET @x = " + quoted(text));
    joined += "-- a comment; here\n" + expected.back() + " ;\n";
  }
  RC_ASSERT(split_statements(joined) == expected);
}

}  // namespace
}  // namespace firstcome
