#include "gate/gate.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "unit/support/temp_dir.hpp"
#include "unit/support/text_table.hpp"

namespace firstcome {
namespace {

const Keys keys(KeyHash::of("admin-key-1"), KeyHash::of("issue-key-1"));

constexpr std::string_view table = R"(
# Authorization             → role
Bearer admin-key-1          → admin
Bearer issue-key-1          → issue
bearer issue-key-1          → issue
BEARER issue-key-1          → issue
Bearer issue-key-2          → none
Bearer issue-key-           → none
Bearer issue-key-11         → none
Bearer ISSUE-KEY-1          → none
Bearer  issue-key-1         → none
Bearer                      → none
Basic issue-key-1           → none
issue-key-1                 → none
Bearerissue-key-1           → none
Bearer admin-key-1 x        → none
Bearer admin-key-1,         → none
)";

TEST(Keys, tell_who_asks) {
  for (const testing::Row& row : testing::rows(table)) {
    const auto role = keys.role_of(row[0]);
    const char* const names[] = {"anyone", "issue", "admin"};
    EXPECT_EQ(role ? names[static_cast<std::size_t>(*role)] : "none", row[1]) << row[0];
  }
  EXPECT_EQ(keys.role_of(""), Role::anyone) << "no key was shown";
}

TEST(Keys, are_made_once_and_kept_to_their_owner) {
  const testing::TempDir directory;
  const auto made = key_in_directory(directory.file(""), "admin");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->size(), 32U) << "192 bits";
  EXPECT_EQ(*key_in_directory(directory.file(""), "admin"), *made);
  EXPECT_NE(*key_in_directory(directory.file(""), "issue"), *made);
  const auto permissions = std::filesystem::status(directory.file("admin.key")).permissions();
  EXPECT_EQ(static_cast<unsigned>(permissions), 0600U);
}

TEST(Keys, are_8_to_512_visible_characters) {
  EXPECT_TRUE(check_key("12345678", "here"));
  EXPECT_TRUE(check_key(std::string(512, 'k'), "here"));
  for (const auto& bad : {std::string(), std::string("1234567"), std::string(513, 'k'),
                          std::string("1234 5678"), std::string("12345678\n")}) {
    EXPECT_FALSE(check_key(bad, "here")) << bad;
  }
}

TEST(Keys, are_read_from_a_files_first_line) {
  const testing::TempDir directory;
  std::ofstream(directory.file("key")) << "first-line\nsecond\n";
  EXPECT_EQ(*key_in_file(directory.file("key")), "first-line");
  std::ofstream(directory.file("empty")) << "";
  EXPECT_EQ(key_in_file(directory.file("empty")).error().code, ErrorCode::unavailable);
  EXPECT_EQ(key_in_file(directory.file("none")).error().code, ErrorCode::unavailable);
}

TEST(Gate, checks_the_shape_of_the_campaign_then_the_user_then_the_key) {
  const auto field = [](const ClaimRequest& request) {
    const auto shaped = Gate::shape(request);
    return shaped ? "none" : shaped.error().field;
  };
  EXPECT_EQ(field({.campaign = "A", .user = "", .idempotency_key = ""}), "id");
  EXPECT_EQ(field({.campaign = "a", .user = "", .idempotency_key = ""}), "user");
  EXPECT_EQ(field({.campaign = "a", .user = std::nullopt, .idempotency_key = ""}), "user");
  EXPECT_EQ(field({.campaign = "a", .user = "u", .idempotency_key = ""}), "Idempotency-Key");
  EXPECT_EQ(field({.campaign = "a", .user = "u", .idempotency_key = "\"k\""}), "none");
  EXPECT_EQ(field({.campaign = "a", .user = "u"}), "none");
}

}  // namespace
}  // namespace firstcome
