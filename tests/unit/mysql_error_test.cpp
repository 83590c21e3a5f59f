#include "ledger/mysql/mysql_error.hpp"

#include <gtest/gtest.h>

#include "unit/support/text_table.hpp"

namespace firstcome {
namespace {

// number | class | may a COMMIT have landed | is the connection of no more use | code for callers
constexpr const char* table = R"(
  1020 | retry                | no  | no  | unavailable
  1205 | retry                | no  | no  | unavailable
  1213 | retry                | no  | no  | unavailable
  1412 | retry                | no  | no  | unavailable
  1689 | retry                | no  | no  | unavailable
  1969 | retry                | yes | no  | unavailable
  3024 | retry                | yes | no  | unavailable
  3101 | retry                | no  | no  | unavailable
  1053 | find_primary         | yes | yes | unavailable
  1290 | find_primary         | no  | yes | unavailable
  1792 | find_primary         | no  | yes | unavailable
  1836 | find_primary         | no  | yes | unavailable
  1927 | find_primary         | yes | yes | unavailable
  2002 | find_primary         | no  | yes | unavailable
  2003 | find_primary         | no  | yes | unavailable
  2005 | find_primary         | no  | yes | invalid
  2026 | find_primary         | yes | yes | unavailable
  3032 | find_primary         | no  | yes | unavailable
  3168 | find_primary         | yes | yes | unavailable
  3169 | find_primary         | yes | yes | unavailable
  1317 | unknown              | yes | yes | unknown
  2006 | unknown              | yes | yes | unknown
  2013 | unknown              | yes | yes | unknown
  2055 | unknown              | yes | yes | unknown
  4031 | unknown              | yes | yes | unknown
  1152 | unknown              | yes | yes | unknown
  1154 | unknown              | yes | yes | unknown
  1155 | unknown              | yes | yes | unknown
  1156 | unknown              | yes | yes | unknown
  1157 | unknown              | yes | yes | unknown
  1158 | unknown              | yes | yes | unknown
  1159 | unknown              | yes | yes | unknown
  1160 | unknown              | yes | yes | unknown
  1161 | unknown              | yes | yes | unknown
  1184 | unknown              | yes | yes | unknown
  # Whatever else the library says of a connection.
  2000 | unknown              | yes | yes | unknown
  2014 | unknown              | yes | yes | unknown
  2027 | unknown              | yes | yes | unknown
  5013 | unknown              | yes | yes | unknown
  1040 | too_many_connections | no  | no  | unavailable
  1203 | too_many_connections | no  | no  | unavailable
  1226 | too_many_connections | no  | no  | unavailable
  1037 | exhausted            | no  | no  | unavailable
  1038 | exhausted            | no  | no  | unavailable
  1041 | exhausted            | no  | no  | unavailable
  1135 | exhausted            | no  | no  | unavailable
  1206 | exhausted            | no  | no  | unavailable
  1637 | exhausted            | no  | no  | unavailable
  3015 | exhausted            | no  | no  | unavailable
  3019 | exhausted            | no  | no  | unavailable
  1062 | duplicate            | no  | no  | conflict
  1153 | too_large            | no  | yes | unavailable
  2020 | too_large            | yes | yes | unavailable
  1021 | disk                 | no  | no  | unavailable
  1026 | disk                 | no  | no  | unavailable
  1114 | disk                 | no  | no  | unavailable
  1044 | denied               | no  | no  | invalid
  1045 | denied               | no  | no  | invalid
  1049 | denied               | no  | no  | invalid
  1129 | denied               | no  | no  | invalid
  1130 | denied               | no  | no  | invalid
  1142 | denied               | no  | no  | invalid
  1143 | denied               | no  | no  | invalid
  1227 | denied               | no  | no  | invalid
  1370 | denied               | no  | no  | invalid
  1698 | denied               | no  | no  | invalid
  2059 | denied               | yes | yes | invalid
  2061 | denied               | yes | yes | invalid
  # All others: they stop a server that comes across them in a commit.
  1030 | other                | no  | no  | unavailable
  1064 | other                | no  | no  | unavailable
  1146 | other                | no  | no  | unavailable
  1180 | other                | yes | no  | unavailable
  1712 | other                | no  | no  | corrupt
  1877 | other                | no  | no  | corrupt
  0    | other                | no  | no  | unavailable
)";

TEST(MysqlError, is_told_apart_by_its_number) {
  for (const auto& row : testing::rows(table)) {
    ASSERT_EQ(row.size(), 5U);
    const MysqlError error =
        make_mysql_error(static_cast<unsigned>(std::stoul(row[0])), "HY000", "words");
    EXPECT_EQ(to_string(error.failure), row[1]) << row[0];
    EXPECT_EQ(error.commit_may_have_landed(), row[2] == "yes") << row[0];
    EXPECT_EQ(error.breaks_connection(), row[3] == "yes") << row[0];
    EXPECT_EQ(to_string(to_error(error, "do").code), row[4]) << row[0];
  }
}

// What cannot be known to have failed must not be called a failure.
TEST(MysqlError, of_class_unknown_may_have_landed) {
  for (unsigned number = 0; number < 6000; ++number) {
    const MysqlError error = make_mysql_error(number, "", "");
    EXPECT_TRUE(error.failure != MysqlFailure::unknown || error.commit_may_have_landed()) << number;
  }
}

TEST(MysqlError, is_a_sentence_that_says_what_to_change) {
  const Error error = to_error(make_mysql_error(1040, "08004", "Too many connections"), "connect");
  EXPECT_EQ(error.message,
            "MySQL: cannot connect: Too many connections (error 1040); raise max_connections, or "
            "lower pool= on the nodes");
  EXPECT_EQ(to_error(make_mysql_error(1045, "", "Access denied"), "connect").field, "ledger");
  EXPECT_EQ(to_error(make_mysql_error(0, "", "odd"), "connect").message,
            "MySQL: cannot connect: odd");
}

TEST(MysqlError, of_a_read_leaves_nothing_unknown) {
  const MysqlError lost = make_mysql_error(2013, "", "Lost connection");
  EXPECT_EQ(to_read_error(lost, "read").code, ErrorCode::unavailable);
  EXPECT_EQ(to_read_error(make_mysql_error(1877, "", ""), "read").code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace firstcome
