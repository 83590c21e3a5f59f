#include "core/timestamp.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/support/text_table.hpp"

namespace firstcome {
namespace {

// What a text means, in UTC; - when it is no RFC 3339 date-time between the years 1970 and 9999.
constexpr std::string_view table = R"(
2026-11-22T12:00:00Z               → 2026-11-22T12:00:00.000Z
2026-11-22t12:00:00z               → 2026-11-22T12:00:00.000Z
2026-11-22T12:00:00.1Z             → 2026-11-22T12:00:00.100Z
2026-11-22T12:00:00.123Z           → 2026-11-22T12:00:00.123Z
2026-11-22T12:00:00.123999999999Z  → 2026-11-22T12:00:00.123Z
# offsets
2026-11-22T12:00:00+09:00          → 2026-11-22T03:00:00.000Z
2026-11-22T00:00:00+09:00          → 2026-11-21T15:00:00.000Z
2026-11-22T12:00:00-03:30          → 2026-11-22T15:30:00.000Z
2026-11-22T12:00:00-00:00          → 2026-11-22T12:00:00.000Z
2026-11-22T12:00:00+23:59          → 2026-11-21T12:01:00.000Z
2026-11-22T12:00:00+24:00          → -
2026-11-22T12:00:00+09:60          → -
2026-11-22T12:00:00+0900           → -
2026-11-22T12:00:00+09             → -
2026-11-22T12:00:00                → -
# the calendar
2024-02-29T00:00:00Z               → 2024-02-29T00:00:00.000Z
2000-02-29T00:00:00Z               → 2000-02-29T00:00:00.000Z
2023-02-29T00:00:00Z               → -
2100-02-29T00:00:00Z               → -
2026-04-31T00:00:00Z               → -
2026-00-01T00:00:00Z               → -
2026-13-01T00:00:00Z               → -
2026-01-00T00:00:00Z               → -
# the clock
2026-11-22T23:59:59.999Z           → 2026-11-22T23:59:59.999Z
2026-11-22T24:00:00Z               → -
2026-11-22T12:60:00Z               → -
2016-12-31T23:59:60Z               → -
# the bounds
1970-01-01T00:00:00Z               → 1970-01-01T00:00:00.000Z
1969-12-31T23:59:59.999Z           → -
1970-01-01T00:00:00+00:01          → -
1969-12-31T23:59:00-00:01          → 1970-01-01T00:00:00.000Z
9999-12-31T23:59:59.999Z           → 9999-12-31T23:59:59.999Z
9999-12-31T23:59:59-00:01          → -
10000-01-01T00:00:00Z              → -
0000-01-01T00:00:00Z               → -
# the shape
2026-11-22                         → -
2026-11-22 12:00:00Z               → -
2026-11-22T12:00Z                  → -
2026-11-22T12:00:00.Z              → -
2026-11-22T12:00:00,5Z             → -
2026-1-2T12:00:00Z                 → -
2026-11-22T12:00:00ZZ              → -
2026-11-22T12:00:00Z+00:00         → -
+026-11-22T12:00:00Z               → -
20 6-11-22T12:00:00Z               → -
1795348800                         → -
now                                → -
)";

TEST(Timestamp, reads_what_RFC_3339_allows_and_nothing_else) {
  for (const testing::Row& row : testing::rows(table)) {
    const auto time = parse_time(row[0]);
    EXPECT_EQ(time ? format_time(*time) : "-", row[1]) << row[0];
  }
  EXPECT_FALSE(parse_time(""));
  EXPECT_FALSE(parse_time(" 2026-11-22T12:00:00Z"));
  EXPECT_FALSE(parse_time(std::string_view("2026-11-22T12:00:00Z\0", 21)));
}

RC_GTEST_PROP(Timestamp, reads_back_what_it_wrote, ()) {
  const auto ms = *rc::gen::inRange<std::int64_t>(0, 253'402'300'799'999);
  const Time time{std::chrono::milliseconds(ms)};
  const std::string text = format_time(time);
  RC_ASSERT(text.size() == 24U);
  RC_ASSERT(*parse_time(text) == time);
}

RC_GTEST_PROP(Timestamp, never_fails_but_by_saying_so, (const std::string& text)) {
  const auto time = parse_time(text);
  RC_ASSERT(time.has_value() || time.error().code == ErrorCode::invalid);
}

}  // namespace
}  // namespace firstcome
