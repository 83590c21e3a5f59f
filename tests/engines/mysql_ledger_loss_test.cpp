#include <gtest/gtest.h>

#include "engines/support/ledger_node.hpp"

// A database that has gone back behind what it had committed, as after a failover to a server that
// did not have it: who knows what was lost stops, and says so.

namespace firstcome {
namespace {

using testing::Database;
using testing::LedgerNode;

class MysqlLedgerLoss : public ::testing::Test {
 protected:
  MysqlLedgerLoss() {
    for (LedgerNode* node : {&a, &b}) {
      EXPECT_TRUE((*node)->for_each_parked([](const ParkedClaim&) {}));
    }
    LedgerNode::agree({&a, &b});
    (void)a.claim(campaign, {"ann", "bob"});
    b.follow();
  }

  // Behind everybody's back. $ stands for the database.
  void lose(std::string sql) {
    for (auto at = sql.find('$'); at != std::string::npos; at = sql.find('$')) {
      sql.replace(at, 1, database.name() + ".");
    }
    database.root.run(sql);
  }
  void lose_the_third_coupon() {
    lose(
        "DELETE FROM $coupons WHERE `rank` = 3; UPDATE $issuing SET issued = 2, tickets = 2 WHERE "
        "campaign = 1");
  }

  // As a failover does.
  void end_all_sessions() {
    for (std::string id = next_session(); !id.empty(); id = next_session()) {
      database.root.run("KILL CONNECTION " + id);
      database.root.wait_until(
          "SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM information_schema.processlist WHERE "
          "id = " +
          id + ")");
    }
  }

  static void expect_lost(LedgerNode& node, const std::string& what) {
    ASSERT_TRUE(node->lost());
    EXPECT_EQ(node->lost()->code, ErrorCode::corrupt);
    EXPECT_TRUE(node->lost()->message.contains(what)) << node->lost()->message;
    EXPECT_TRUE(node->lost()->message.contains("AFTER_SYNC")) << node->lost()->message;
    EXPECT_FALSE(node.begin({})) << "it goes on";
  }

  Database database;
  LedgerNode a{database};
  LedgerNode b{database};
  CampaignNumber campaign = a.put("drop", {.stock = 9});
  CampaignNumber line = a.put("line", {.stock = 9, .mode = Mode::paced});

 private:
  std::string next_session() {
    return database.root.ask("SELECT id FROM information_schema.processlist WHERE db = '" +
                             database.name() + "' LIMIT 1");
  }
};

TEST_F(MysqlLedgerLoss, of_coupons_is_found_by_the_next_batch) {
  (void)a.claim(campaign, {"cyd"});
  lose_the_third_coupon();
  const auto presumed = a.begin(LedgerNode::claims(campaign, {"dan"}));
  ASSERT_TRUE(presumed) << "nobody has moved it for long";
  EXPECT_EQ(a->commit(presumed->decision.rows), CommitResult::retry);
  EXPECT_FALSE(a.begin(LedgerNode::claims(campaign, {"dan"})));
  expect_lost(a, "campaign 'drop' (issued 3 → 2, tickets 3 → 2)");
}

TEST_F(MysqlLedgerLoss, is_found_by_the_next_look_and_only_by_who_knew_more) {
  (void)a.claim(campaign, {"cyd"});
  lose_the_third_coupon();
  (void)a.follow();
  expect_lost(a, "campaign 'drop' (issued 3 → 2");
  EXPECT_EQ(b.claim(campaign, {"dan"}), "issued 3") << "it never said anything else";
}

// What the new primary has was written long ago, and nothing was since.
TEST_F(MysqlLedgerLoss, is_found_in_old_rows_when_the_connection_is_new) {
  (void)a.claim(campaign, {"cyd"});
  (void)a.follow();
  lose_the_third_coupon();
  lose("UPDATE $issuing SET touched_at = touched_at - 3600000 WHERE campaign = 1");
  (void)a.follow();
  EXPECT_FALSE(a->lost()) << "the test proves nothing: this look was to miss it";
  end_all_sessions();
  (void)a.follow();
  (void)a.follow();
  expect_lost(a, "campaign 'drop' (issued 3 → 2");
}

// Ranks were given again before this server had looked.
TEST_F(MysqlLedgerLoss, is_found_when_others_have_gone_past_it) {
  (void)a.claim(campaign, {"cyd"});
  lose_the_third_coupon();
  EXPECT_EQ(b.claim(campaign, {"dan", "eve"}), "issued 3, issued 4");
  (void)a.follow();
  expect_lost(a, "campaign 'drop' (rank 3 is not what it was)");
}

TEST_F(MysqlLedgerLoss, of_a_line_is_found) {
  EXPECT_EQ(a.claim(line, {"cyd"}), "queued 1");
  lose(
      "DELETE FROM $parked_claims; UPDATE $issuing SET tickets = 0, line_back = 0, epoch = 1 "
      "WHERE campaign = 2");
  (void)a.follow();
  expect_lost(a, "campaign 'line' (tickets 1 → 0, end of the line 1 → 0, epoch 2 → 1)");
}

TEST_F(MysqlLedgerLoss, of_a_campaign_is_found) {
  (void)a.put("new", {.stock = 1});
  lose("DELETE FROM $campaigns WHERE number = 3; DELETE FROM $issuing WHERE campaign = 3");
  end_all_sessions();
  (void)a.follow();
  (void)a.follow();
  expect_lost(a, "campaign 'new' (all of it)");
}

TEST_F(MysqlLedgerLoss, of_a_change_is_found_by_the_next_change) {
  (void)a.put("drop", {.stock = 10});
  lose("UPDATE $meta SET value = value - 1 WHERE name = 'changes'");
  const CampaignChange change{.id = CampaignId::trusted("drop"), .patch = {.stock = 11}};
  EXPECT_FALSE(a->change(std::span(&change, 1)));
  expect_lost(a, "the campaigns (change 3 → 2)");
}

TEST_F(MysqlLedgerLoss, of_a_change_is_found_by_the_next_look) {
  (void)a.put("drop", {.stock = 10});
  lose(
      "UPDATE $campaigns SET stock = 9, change_seq = 1 WHERE number = 1; "
      "UPDATE $issuing SET change_seq = 1 WHERE campaign = 1");
  (void)a.follow();
  expect_lost(a, "campaign 'drop' (settings of change 3 → 1)");
}

TEST_F(MysqlLedgerLoss, is_not_found_where_a_connection_only_broke) {
  (void)a.claim(campaign, {"cyd"});
  end_all_sessions();
  (void)a.follow();
  (void)a.follow();
  (void)b.follow();
  (void)b.follow();
  EXPECT_EQ(b.claim(campaign, {"dan"}), "issued 4");
  EXPECT_EQ(a.claim(campaign, {"eve"}), "issued 5");
}

}  // namespace
}  // namespace firstcome
