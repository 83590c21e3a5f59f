#include "gate/shared_keys.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "gate/keys.hpp"
#include "unit/support/temp_dir.hpp"

namespace firstcome {
namespace {

// A ledger's, in memory; for several servers, whose lock on a directory no sanitizer sees.
class Book final : public KeyBook {
 public:
  Result<std::optional<KeptKey>> find(const std::string& name) override {
    const std::scoped_lock lock(mutex_);
    const auto found = kept.find(name);
    return found == kept.end() ? std::nullopt : std::optional(found->second);
  }
  Result<KeptKey> keep(const std::string& name, const KeptKey& key) override {
    std::exchange(before_keep, [] {})();
    const std::scoped_lock lock(mutex_);
    return kept.try_emplace(name, key).first->second;
  }
  Result<void> replace(const std::string& name, const KeptKey& key) override {
    const std::scoped_lock lock(mutex_);
    kept.insert_or_assign(name, key);
    return {};
  }

  std::function<void()> before_keep = [] {};  // called once
  std::map<std::string, KeptKey> kept{};

 private:
  std::mutex mutex_;
};

class SharedKeysTest : public ::testing::Test {
 protected:
  // A server with a data directory of its own.
  class Server {
   public:
    explicit Server(std::string host) : host_(std::move(host)) {}

    [[nodiscard]] Result<SharedKeys> settle(KeyBook& book, bool replace = false) const {
      return settle_keys(source("admin"), source("issue"), book, replace);
    }
    void give(const std::string& name, const std::string& key) { given_[name] = key; }
    void write(const std::string& name, const std::string& key) const {
      std::ofstream(file(name)) << key << "\n";
    }
    [[nodiscard]] std::string text(const std::string& name) const {
      return key_in_file(file(name + ".key")).value_or("");
    }
    [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }
    [[nodiscard]] std::size_t files() const {
      using Files = std::filesystem::directory_iterator;
      return static_cast<std::size_t>(std::distance(Files(directory_.file("")), Files()));
    }

   private:
    [[nodiscard]] KeySource source(const std::string& name) const {
      return {.name = name,
              .directory = std::filesystem::path(directory_.file("x")).parent_path(),
              .given = given_.at(name),
              .given_by = given_.at(name).empty() ? "" : "environment FIRSTCOME_KEY",
              .host = host_};
    }

    testing::TempDir directory_{};
    std::string host_;
    std::map<std::string, std::string> given_{{"admin", ""}, {"issue", ""}};
  };

  Book book{};
  Server first{"web1"};
  Server second{"web2"};
};

std::string why(const Result<SharedKeys>& keys) {
  return keys ? "settled" : keys.error().message;
}

TEST_F(SharedKeysTest, are_made_by_who_comes_first_and_known_to_the_next_by_their_hash) {
  const auto made = first.settle(book);
  ASSERT_TRUE(made) << why(made);
  EXPECT_TRUE(made->admin.has_text && made->issue.has_text);
  EXPECT_EQ(made->admin.hash, KeyHash::of(first.text("admin")));
  EXPECT_EQ(made->issue.hash, KeyHash::of(first.text("issue")));
  EXPECT_NE(made->admin.hash, made->issue.hash);
  EXPECT_EQ(made->admin.place, first.file("admin.key"));
  EXPECT_EQ(first.files(), 2U);

  const auto known = second.settle(book);
  ASSERT_TRUE(known) << why(known);
  EXPECT_FALSE(known->admin.has_text);
  EXPECT_EQ(known->admin.hash, made->admin.hash);
  EXPECT_EQ(known->issue.hash, made->issue.hash);
  EXPECT_EQ(known->admin.place, "web1:" + first.file("admin.key"));
  EXPECT_EQ(second.files(), 0U);
}

TEST_F(SharedKeysTest, stay_the_same_at_every_start) {
  const auto made = first.settle(book);
  const auto again = first.settle(book);
  ASSERT_TRUE(made && again);
  EXPECT_TRUE(again->admin.has_text);
  EXPECT_EQ(again->admin.hash, made->admin.hash);
  EXPECT_EQ(again->issue.hash, made->issue.hash);
}

TEST_F(SharedKeysTest, that_are_given_are_everybodys) {
  first.give("admin", "given-admin-key");
  ASSERT_TRUE(first.settle(book));
  EXPECT_EQ(first.files(), 1U) << "the issue key alone was made";
  const auto known = second.settle(book);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->admin.hash, KeyHash::of("given-admin-key"));
  EXPECT_EQ(known->admin.place, "web1, environment FIRSTCOME_KEY");
  second.give("admin", "given-admin-key");
  EXPECT_TRUE(second.settle(book)->admin.has_text);
}

TEST_F(SharedKeysTest, that_differ_from_the_ledgers_are_refused) {
  ASSERT_TRUE(first.settle(book));
  second.write("issue.key", "a-key-from-elsewhere");
  const std::string file = why(second.settle(book));
  EXPECT_TRUE(file.starts_with("the issue key in " + second.file("issue.key") +
                               " is not the one that the servers of this ledger take (web1:" +
                               first.file("issue.key") + "): remove the file"))
      << file;
  second.give("issue", "another-issue-key");
  const std::string given = why(second.settle(book));
  EXPECT_TRUE(given.starts_with("environment FIRSTCOME_KEY: this issue key is not")) << given;
  for (const std::string& text : {file, given}) {
    EXPECT_TRUE(text.contains("--replace-keys")) << text;
    EXPECT_FALSE(text.contains("a-key-from-elsewhere") || text.contains("another-issue-key"));
  }
}

TEST_F(SharedKeysTest, are_replaced_when_that_is_said) {
  ASSERT_TRUE(first.settle(book));
  second.give("admin", "another-admin-key");
  const auto replaced = second.settle(book, true);
  ASSERT_TRUE(replaced) << why(replaced);
  EXPECT_EQ(book.kept["admin"].hash, KeyHash::of("another-admin-key"));
  EXPECT_EQ(book.kept["issue"].hash, KeyHash::of(first.text("issue"))) << "it has no other";
  EXPECT_TRUE(why(first.settle(book)).contains("remove the file"));
  std::filesystem::remove(first.file("admin.key"));
  const auto follows = first.settle(book);
  ASSERT_TRUE(follows) << why(follows);
  EXPECT_EQ(follows->admin.hash, KeyHash::of("another-admin-key"));
}

TEST_F(SharedKeysTest, for_both_are_refused_before_either_is_kept) {
  first.give("admin", "one-key-for-all");
  first.give("issue", "one-key-for-all");
  EXPECT_TRUE(why(first.settle(book)).contains("are the same"));
  EXPECT_TRUE(book.kept.empty());
  second.give("admin", "one-key-for-all");
  ASSERT_TRUE(second.settle(book));
  Server third("web3");
  third.give("issue", "one-key-for-all");
  EXPECT_TRUE(why(third.settle(book, true)).contains("are the same"));
}

TEST_F(SharedKeysTest, of_a_server_that_is_overtaken_are_thrown_away) {
  book.before_keep = [&] { ASSERT_TRUE(second.settle(book)); };
  const auto late = first.settle(book);
  ASSERT_TRUE(late) << why(late);
  EXPECT_FALSE(late->admin.has_text);
  EXPECT_EQ(late->admin.hash, KeyHash::of(second.text("admin")));
  EXPECT_EQ(first.files(), 0U) << "no key is left that nobody takes";
}

TEST_F(SharedKeysTest, given_to_a_server_that_is_overtaken_are_refused) {
  first.give("admin", "an-admin-key-of-its-own");
  book.before_keep = [&] { ASSERT_TRUE(second.settle(book)); };
  EXPECT_TRUE(why(first.settle(book)).contains("give that one"));
}

const std::string whole(new_key_size, 'k');  // as a start leaves it beside its place

TEST_F(SharedKeysTest, are_in_the_directory_before_the_ledger_knows_them) {
  std::string beside;
  book.before_keep = [&] { beside = key_in_file(first.file("admin.key.new")).value_or(""); };
  ASSERT_TRUE(first.settle(book));
  EXPECT_EQ(KeyHash::of(beside), book.kept["admin"].hash);
}

TEST_F(SharedKeysTest, outlive_a_crash_between_ledger_and_directory) {
  first.write("admin.key.new", whole);
  book.kept["admin"] = {KeyHash::of(whole), "web1"};
  const auto settled = first.settle(book);
  ASSERT_TRUE(settled) << why(settled);
  EXPECT_TRUE(settled->admin.has_text);
  EXPECT_EQ(first.text("admin"), whole);
}

// The database may still be at what the killed server had sent it.
TEST_F(SharedKeysTest, are_the_same_when_the_ledger_hears_late_of_a_start_that_was_killed) {
  first.write("admin.key.new", whole);
  book.before_keep = [&] { book.kept["admin"] = {KeyHash::of(whole), "web1"}; };
  const auto settled = first.settle(book);
  ASSERT_TRUE(settled) << why(settled);
  EXPECT_TRUE(settled->admin.has_text);
  EXPECT_EQ(first.text("admin"), whole);
}

TEST_F(SharedKeysTest, are_not_what_a_crash_left_half_written) {
  first.write("admin.key.new", whole.substr(1));
  ASSERT_TRUE(first.settle(book));
  EXPECT_EQ(first.text("admin").size(), new_key_size);
  EXPECT_NE(first.text("admin"), whole.substr(1));
}

TEST_F(SharedKeysTest, of_a_start_that_was_overtaken_and_killed_are_thrown_away) {
  ASSERT_TRUE(first.settle(book));
  second.write("admin.key.new", whole);
  EXPECT_FALSE(second.settle(book)->admin.has_text);
  EXPECT_EQ(second.files(), 0U);
}

TEST_F(SharedKeysTest, that_were_just_made_replace_nobodys) {
  book.before_keep = [&] { ASSERT_TRUE(second.settle(book)); };
  const auto late = first.settle(book, true);
  ASSERT_TRUE(late) << why(late);
  EXPECT_EQ(late->admin.hash, KeyHash::of(second.text("admin")));
  EXPECT_EQ(first.files(), 0U);
}

// Two servers in one directory, as when somebody starts a second one on another port.
TEST_F(SharedKeysTest, are_made_once_by_servers_of_one_directory) {
  std::optional<std::jthread> other;
  book.before_keep = [&] {
    other.emplace([&] { EXPECT_TRUE(first.settle(book)->admin.has_text); });
  };
  const auto made = first.settle(book);
  other->join();
  ASSERT_TRUE(made) << why(made);
  EXPECT_EQ(KeyHash::of(first.text("admin")), book.kept["admin"].hash);
  EXPECT_EQ(KeyHash::of(first.text("issue")), book.kept["issue"].hash);
  EXPECT_EQ(first.files(), 2U);
}

}  // namespace
}  // namespace firstcome
