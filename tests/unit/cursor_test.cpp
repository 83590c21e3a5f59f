#include "core/cursor.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base64url.hpp"

namespace firstcome {
namespace {

const Cursors cursors{Cursors::Key{7, 8, 9}};

RC_GTEST_PROP(Cursor, leads_back_to_its_position, (std::uint64_t position)) {
  RC_ASSERT(*cursors.read("campaigns", cursors.make("campaigns", position)) == position);
}

TEST(Cursor, is_good_for_its_own_listing_alone) {
  const std::string cursor = cursors.make("campaigns/a/coupons", 100);
  EXPECT_TRUE(cursors.read("campaigns/a/coupons", cursor));
  EXPECT_FALSE(cursors.read("campaigns/b/coupons", cursor));
  EXPECT_FALSE(cursors.read("", cursor));
  EXPECT_FALSE(Cursors(Cursors::Key{7, 8}).read("campaigns/a/coupons", cursor));
}

TEST(Cursor, cannot_be_made_up) {
  for (const std::string& text :
       {std::string(), std::string("AAAAAAAAAAAAAAAAAAAAAA"), std::string("100"),
        cursors.make("campaigns", 1) + "A", cursors.make("campaigns", 1).substr(1)}) {
    const auto read = cursors.read("campaigns", text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().field, "cursor");
  }
}

TEST(Cursor, cannot_be_changed_in_any_bit) {
  const std::string bytes = *base64url_decode(cursors.make("campaigns", 100));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(cursors.read("campaigns", base64url_encode(changed))) << bit;
  }
}

TEST(Base64url, is_that_of_RFC_4648_without_padding) {
  EXPECT_EQ(base64url_encode(""), "");
  EXPECT_EQ(base64url_encode("f"), "Zg");
  EXPECT_EQ(base64url_encode("fo"), "Zm8");
  EXPECT_EQ(base64url_encode("foo"), "Zm9v");
  EXPECT_EQ(base64url_encode("\xFB\xFF"), "-_8");
}

RC_GTEST_PROP(Base64url, reads_back_what_it_wrote, (const std::string& bytes)) {
  RC_ASSERT(base64url_decode(base64url_encode(bytes)) == bytes);
}

// Two texts for the same bytes would be two cursors for the same place.
TEST(Base64url, has_one_text_for_the_same_bytes) {
  for (const auto* bad : {"Zg==", "Zh", "Z", "Zm9v\n", " Zg", "Z g", "+_8", "-/8", "Zg\xFF"}) {
    EXPECT_FALSE(base64url_decode(bad)) << bad;
  }
}

}  // namespace
}  // namespace firstcome
