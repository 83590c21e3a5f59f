#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "engines/support/ledger_node.hpp"

// Commits whose answer was lost, and servers that stand still with a lock in their hands.

namespace firstcome {
namespace {

using testing::Database;
using testing::HandBatch;
using testing::LedgerNode;

class MysqlLedgerLost : public ::testing::Test {
 protected:
  MysqlLedgerLost() { LedgerNode::agree({&a, &b}); }

  // Ends the session that has a transaction open in this database.
  void end_transaction() {
    const std::string id = database.root.ask(
        "SELECT id FROM information_schema.processlist JOIN information_schema.innodb_trx ON id = "
        "trx_mysql_thread_id WHERE db = '" +
        database.name() + "'");
    database.root.run("KILL CONNECTION " + id);
    database.root.wait_until(
        "SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM information_schema.processlist WHERE "
        "id = " +
        id + ")");
  }

  // The commit's answer is lost while it waits for the replica: it lands, a moment later.
  [[nodiscard]] CommitResult commit_and_lose_the_answer(const HandBatch& batch) {
    const testing::Frozen replica("FIRSTCOME_TEST_MYSQL_REPLICA_PID");
    auto result = std::async(std::launch::async, [&] { return a->commit(batch.decision.rows); });
    const std::string waiting = "SELECT id FROM information_schema.processlist WHERE db = '" +
                                database.name() + "' AND state LIKE '%semi-sync%'";
    database.root.wait_until(waiting);
    database.root.run("KILL CONNECTION " + database.root.ask(waiting));
    return result.get();
  }

  [[nodiscard]] std::string table(const std::string& name) const {
    return database.name() + "." + name;
  }

  Database database;
  LedgerNode a{database};
  LedgerNode b{database};
  CampaignNumber campaign = a.put("c", {.stock = 9});
  CampaignNumber line = a.put("l", {.stock = 9, .mode = Mode::paced});
};

TEST_F(MysqlLedgerLost, answer_of_a_commit_that_landed) {
  auto batch = a.begin(LedgerNode::claims(campaign, {"ann", "bob"}));
  ASSERT_TRUE(batch);
  const std::string before = a->newest_gtid();
  ASSERT_EQ(commit_and_lose_the_answer(*batch), CommitResult::unknown);
  const auto landed = a->landed(batch->decision.rows);
  ASSERT_TRUE(landed) << landed.error().message;
  EXPECT_TRUE(*landed);
  EXPECT_NE(a->newest_gtid(), before) << "whoever is told now waits for it on a replica";
  EXPECT_EQ(a.claim(campaign, {"cyd", "ann"}), "issued 3, issued 1'");
  EXPECT_EQ(b.claim(campaign, {"bob", "dan"}), "issued 2', issued 4");
}

// The server is still at it when the client has given up: only who waits for the lock can know.
TEST_F(MysqlLedgerLost, patience_with_a_commit_that_lands_later) {
  LedgerNode impatient(database, {.read = std::chrono::seconds(1)});
  LedgerNode::agree({&impatient});
  auto batch = impatient.begin(LedgerNode::claims(campaign, {"ann"}));
  ASSERT_TRUE(batch);
  std::optional<testing::Frozen> replica("FIRSTCOME_TEST_MYSQL_REPLICA_PID");
  ASSERT_EQ(impatient->commit(batch->decision.rows), CommitResult::unknown);
  auto landed =
      std::async(std::launch::async, [&] { return impatient->landed(batch->decision.rows); });
  database.root.wait_until("SELECT id FROM information_schema.processlist WHERE db = '" +
                           database.name() + "' AND info LIKE '%FOR UPDATE%'");
  replica.reset();
  const Result<bool> answer = landed.get();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(*answer);
  EXPECT_EQ(a.claim(campaign, {"bob", "ann"}), "issued 2, issued 1'");
}

TEST_F(MysqlLedgerLost, answer_of_a_commit_that_did_not_land) {
  auto batch = a.begin(LedgerNode::claims(campaign, {"ann"}));
  ASSERT_TRUE(batch);
  end_transaction();
  ASSERT_EQ(a->commit(batch->decision.rows), CommitResult::unknown);
  EXPECT_EQ(b.claim(campaign, {"bob"}), "issued 1");
  const auto landed = a->landed(batch->decision.rows);
  ASSERT_TRUE(landed) << landed.error().message;
  EXPECT_FALSE(*landed);
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 2");
}

// What the others did after it is news that comes after it.
TEST_F(MysqlLedgerLost, answer_of_a_line_that_others_went_on_with) {
  auto batch = a.begin(LedgerNode::claims(line, {"ann"}));
  ASSERT_TRUE(batch);
  ASSERT_EQ(commit_and_lose_the_answer(*batch), CommitResult::unknown);
  EXPECT_EQ(b.claim(line, {"bob"}), "queued 2");
  const auto landed = a->landed(batch->decision.rows);
  ASSERT_TRUE(landed);
  EXPECT_TRUE(*landed);
  const News news = a->news();
  ASSERT_EQ(news.parked.size(), 1U) << "its own is not among them";
  EXPECT_EQ(news.parked[0].user.str(), "bob");
  EXPECT_TRUE(a->runs_line(line)) << "the lease that it took with the commit";
}

TEST_F(MysqlLedgerLost, lock_of_a_server_that_stands_still) {
  auto batch = a.begin(LedgerNode::claims(campaign, {"ann"}));
  ASSERT_TRUE(batch);
  auto other = b.begin(LedgerNode::claims(campaign, {"bob"}));
  EXPECT_TRUE(other || !database.root.is_on_mariadb()) << "within the limit of a lock wait";
  while (!other) {  // MySQL gives it ten seconds
    ASSERT_EQ(other.error().code, ErrorCode::timeout) << other.error().message;
    other = b.begin(LedgerNode::claims(campaign, {"bob"}));
  }
  ASSERT_EQ(b->commit(other->decision.rows), CommitResult::ok);
  EXPECT_EQ(LedgerNode::words(*other), "issued 1");
  ASSERT_EQ(a->commit(batch->decision.rows), CommitResult::unknown);
  const auto landed = a->landed(batch->decision.rows);
  ASSERT_TRUE(landed);
  EXPECT_FALSE(*landed);
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 2");
}

TEST_F(MysqlLedgerLost, rows_that_say_who_is_there) {
  database.root.run("DELETE FROM " + table("nodes") + "; DELETE FROM " + table("commits"));
  (void)a.put("more", {.stock = 1});
  (void)a->news();  // there is something to say
  a.follow();
  EXPECT_EQ(database.root.ask("SELECT COUNT(*) FROM " + table("nodes")), "1");
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 1");
  auto batch = a.begin(LedgerNode::claims(campaign, {"bob"}));
  ASSERT_TRUE(batch);
  ASSERT_EQ(commit_and_lose_the_answer(*batch), CommitResult::unknown);
  const auto landed = a->landed(batch->decision.rows);
  ASSERT_TRUE(landed) << landed.error().message;
  EXPECT_TRUE(*landed);
}

// A listing waits for this server's newest commit: a change that changes nothing is none.
TEST_F(MysqlLedgerLost, no_gtid_by_a_change_that_changes_nothing) {
  (void)a.claim(campaign, {"ann"});
  const std::string before = a->newest_gtid();
  auto batch = a.begin(LedgerNode::claims(campaign, {"bob"}));
  ASSERT_TRUE(batch);
  end_transaction();
  ASSERT_EQ(a->commit(batch->decision.rows), CommitResult::unknown);
  ASSERT_TRUE(a->landed(batch->decision.rows));
  (void)a.put("c", {.stock = 9});
  EXPECT_EQ(a->newest_gtid(), before);
}

}  // namespace
}  // namespace firstcome
