#include <filesystem>
#include <fstream>
#include <iterator>

#include "unit/support/sqlite_bench.hpp"

// A ledger that contradicts itself or the promises is not served from, and whoever looks after it
// is told which row it is.

namespace firstcome {
namespace {

struct Damage {
  const char* sql;
  const char* says;
};

class SqliteCorrupt : public testing::SqliteBench {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(put("a", 9, 2));
    ASSERT_EQ(issue({"u1", "u2", "u1", "u3", "u4"}), CommitResult::ok);
  }

  [[nodiscard]] std::string bytes() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(SqliteCorrupt, a_damaged_row_is_named) {
  const Damage damages[] = {
      {"DELETE FROM coupons WHERE seq = 2", "row 3: a row before it is missing"},
      {"DELETE FROM coupons WHERE seq = 1", "row 2: a row before it is missing"},
      {"UPDATE coupons SET rank = 7 WHERE seq = 5", "row 5: its code was not made"},
      {"UPDATE coupons SET code = x'00112233445566778899' WHERE seq = 3",
       "row 3: its code was not made"},
      {"UPDATE coupons SET code = x'00' WHERE seq = 3", "row 3 holds a code of 1 bytes"},
      {"UPDATE coupons SET nth = 1 WHERE seq = 3", "row 3: a user's coupons are not numbered"},
      {"UPDATE coupons SET nth = 2 WHERE seq = 2", "row 2: a user's coupons are not numbered"},
      {"UPDATE coupons SET user = 'u1' WHERE seq = 2", "row 2: a user's coupons are not numbered"},
      {"UPDATE coupons SET campaign = 2 WHERE seq = 4", "row 4: its campaign does not exist"},
      {"UPDATE coupons SET campaign = 0 WHERE seq = 4", "row 4: its campaign does not exist"},
      {"INSERT INTO coupons SELECT 6, campaign, rank, user, 2, code, issued_at, expires_at, key, "
       "epoch, ticket FROM coupons WHERE seq = 5",
       "row 6: rank 5 does not follow 5"},
      {"DELETE FROM campaigns", "row 1: its campaign does not exist"},
      {"UPDATE campaigns SET number = 2", "campaigns are not numbered"},
      {"UPDATE campaigns SET stock = 4", "row 5: its rank is above the stock"},
      {"UPDATE meta SET value = x'00' WHERE name = 'code_key'", "code_key is damaged"},
  };
  close();
  const std::string whole = bytes();
  for (const Damage& damage : damages) {
    std::ofstream(path, std::ios::binary).write(whole.data(), std::ssize(whole));
    std::filesystem::remove(path + "-wal");
    tamper(damage.sql);
    const Error error = error_at_open();
    EXPECT_EQ(error.code, ErrorCode::corrupt) << damage.sql;
    EXPECT_NE(error.message.find(damage.says), std::string::npos)
        << damage.sql << "\n  " << error.message;
    EXPECT_NE(error.message.find(path), std::string::npos) << error.message;
  }
}

TEST_F(SqliteCorrupt, an_outcome_that_is_none_is_named) {
  ASSERT_EQ(park({parked_claim("u9", 8)}), CommitResult::ok);
  tamper("UPDATE parked_claims SET outcome = 'lucky'");
  open();
  const auto read = ledger->for_each_parked([](const ParkedClaim&) {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  EXPECT_NE(read.error().message.find("ticket 8"), std::string::npos) << read.error().message;
}

TEST_F(SqliteCorrupt, a_newer_schema_is_left_alone) {
  tamper("PRAGMA user_version = 99");
  const Error error = error_at_open();
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  EXPECT_NE(error.message.find("schema version 99"), std::string::npos) << error.message;
}

TEST_F(SqliteCorrupt, a_foreign_database_is_refused_and_not_one_byte_of_it_changed) {
  close();
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  {
    auto foreign = SqliteDatabase::open(path, SqliteDatabase::Access::read_write);
    ASSERT_TRUE(foreign->execute("CREATE TABLE recipes (name TEXT)"));
  }
  const std::string before = bytes();
  const Error error = error_at_open();
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  EXPECT_NE(error.message.find("not a firstcome ledger"), std::string::npos) << error.message;
  EXPECT_TRUE(bytes() == before);
}

TEST_F(SqliteCorrupt, a_file_that_is_no_database_is_refused) {
  close();
  for (const auto* suffix : {"-wal", "-shm"}) std::filesystem::remove(path + suffix);
  std::ofstream(path) << std::string(8192, 'x');
  EXPECT_EQ(error_at_open().code, ErrorCode::corrupt);
}

TEST_F(SqliteCorrupt, a_new_file_is_not_made_without_leave_to_migrate) {
  path = directory.file("new.db");
  const Error error = error_at_open(false);
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_NE(error.message.find("--no-migrate"), std::string::npos) << error.message;
}

}  // namespace
}  // namespace firstcome
