#include <gtest/gtest.h>

#include <future>

#include "engines/support/ledger_node.hpp"

// Batches that presume that nobody else has moved their campaign: they save the round trip for its
// lock, and come to nothing where somebody has.

namespace firstcome {
namespace {

using testing::Database;
using testing::HandBatch;
using testing::LedgerNode;

// A commit that reaches the database when nobody waits for it any more.
class Late {
 public:
  explicit Late(const Database& database)
      : pool_(
            {.name = "late", .size = 1},
            [login = database.login()] {
              return MysqlConnection::open(testing::server_url().primary, login);
            },
            clock_, metrics_) {}

  [[nodiscard]] std::expected<void, MysqlTransaction::Failure> commit(CampaignNumber campaign,
                                                                      const BatchRows& rows,
                                                                      CommitMark mark) {
    auto connection = pool_.take();
    EXPECT_TRUE(connection);
    auto row = (*connection)->query(lock_issuing(std::span(&campaign, 1)));
    EXPECT_TRUE(row && row->next());
    MysqlTransaction transaction(*std::move(connection), MysqlTransaction::Hold::presumed,
                                 {read_mysql_issuing(*row)});
    return transaction.commit(rows, mark, MysqlTransaction::Next::locks);
  }

 private:
  const SystemClock clock_{};
  Metrics metrics_{};
  MysqlPool pool_;
};

class MysqlLedgerPresumes : public ::testing::Test {
 protected:
  MysqlLedgerPresumes() {
    LedgerNode::agree({&a, &b});
    have_moved_alone(a);
  }

  // After as many batches of one server as it takes.
  void have_moved_alone(LedgerNode& node) {
    for (int n = 0; n < 3; ++n) {
      (void)node.claim(campaign, {"alone" + std::to_string(++users)});
    }
  }

  // Whether a batch of the server has begun without the lock, which somebody else holds.
  [[nodiscard]] bool presumes(LedgerNode& node) {
    database.root.run("BEGIN; SELECT 1 FROM " + table("issuing") + " FOR UPDATE");
    const bool begun = node.begin(LedgerNode::claims(campaign, {"presumes"})).has_value();
    (void)node->commit({});
    database.root.run("ROLLBACK");
    return begun;
  }

  [[nodiscard]] Result<HandBatch> begin(const std::string& user) {
    return a.begin(LedgerNode::claims(campaign, {user}));
  }

  void end_all_sessions() {
    const std::string all =
        " FROM information_schema.processlist WHERE db = '" + database.name() + "'";
    for (std::string id; !(id = database.root.ask("SELECT MIN(id)" + all)).empty();) {
      database.root.run("KILL CONNECTION " + id);
      database.root.wait_until("SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT id" + all +
                               " AND id = " + id + ")");
    }
  }

  [[nodiscard]] std::string table(const std::string& name) const {
    return database.name() + "." + name;
  }

  int users = 0;
  Database database;
  LedgerNode a{database};
  LedgerNode b{database};
  CampaignNumber campaign = a.put("c", {.stock = 5});
};

TEST_F(MysqlLedgerPresumes, where_nobody_else_has_moved_the_campaign) {
  EXPECT_TRUE(presumes(a));
  EXPECT_FALSE(presumes(b)) << "it has not moved it yet";
  EXPECT_EQ(a.claim(campaign, {"ann", "alone1"}), "issued 4, issued 1'");
  EXPECT_EQ(b.claim(campaign, {"ann", "bob", "cyd"}), "issued 4', issued 5, sold_out");
  EXPECT_EQ(database.root.ask("SELECT CONCAT_WS(' ', issued, tickets) FROM " + table("issuing")),
            "5 8");
}

TEST_F(MysqlLedgerPresumes, in_vain_when_another_has_issued_meanwhile) {
  const auto batch = begin("ann");
  ASSERT_TRUE(batch);
  EXPECT_EQ(b.claim(campaign, {"bob"}), "issued 4");
  EXPECT_EQ(a->commit(batch->decision.rows), CommitResult::retry);
  EXPECT_FALSE(a->lost());
  EXPECT_FALSE(presumes(a)) << "it looks again";
  EXPECT_EQ(a.claim(campaign, {"ann", "bob"}), "issued 5, issued 4'");
  EXPECT_EQ(database.root.ask("SELECT COUNT(*) FROM " + table("coupons")), "5");
}

TEST_F(MysqlLedgerPresumes, in_vain_when_settings_were_changed_meanwhile) {
  const auto batch = begin("ann");
  ASSERT_TRUE(batch);
  b.put("c", {.stock = 5, .paused = true});
  EXPECT_EQ(a->commit(batch->decision.rows), CommitResult::retry);
  LedgerNode::agree({&a, &b});
  EXPECT_EQ(a.claim(campaign, {"ann"}), "paused");
}

TEST_F(MysqlLedgerPresumes, in_vain_when_anything_of_the_row_has_moved) {
  for (const std::string column :
       {"epoch", "holder", "issued", "tickets", "line_front", "line_back", "change_seq"}) {
    const auto batch = begin("ann");
    ASSERT_TRUE(batch);
    const std::string move = "UPDATE " + table("issuing") + " SET " + column + " = " + column;
    database.root.run(move + " + 1");
    EXPECT_EQ(a->commit(batch->decision.rows), CommitResult::retry) << column;
    database.root.run(move + " - 1");
    for (int n = 0; n < 3; ++n) (void)a.claim(campaign, {"alone1"});
  }
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 4");
  EXPECT_EQ(database.root.ask("SELECT COUNT(*) FROM " + table("coupons")), "4");
}

// Memory may not have heard yet that there is more.
TEST_F(MysqlLedgerPresumes, nothing_of_who_only_loses) {
  (void)a.claim(campaign, {"ann", "bob"});
  const auto batch = begin("cyd");
  ASSERT_TRUE(batch);
  EXPECT_EQ(LedgerNode::words(*batch), "sold_out");
  EXPECT_EQ(a->commit(batch->decision.rows), CommitResult::retry);
  EXPECT_FALSE(presumes(a)) << "this time it looks";
  EXPECT_EQ(a.claim(campaign, {"cyd"}), "sold_out");
}

TEST_F(MysqlLedgerPresumes, nothing_of_a_database_that_may_be_another) {
  const auto batch = begin("ann");
  ASSERT_TRUE(batch);
  end_all_sessions();
  ASSERT_EQ(a->commit(batch->decision.rows), CommitResult::unknown);
  const auto landed = a->landed(batch->decision.rows);  // over a new connection
  ASSERT_TRUE(landed) << landed.error().message;
  EXPECT_FALSE(*landed);
  EXPECT_FALSE(presumes(a));
  a.follow();  // has looked at all campaigns there
  EXPECT_TRUE(presumes(a));
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 4");
}

TEST_F(MysqlLedgerPresumes, and_asks_when_the_commits_answer_was_lost) {
  const auto batch = begin("ann");
  ASSERT_TRUE(batch);
  {
    const testing::Frozen replica("FIRSTCOME_TEST_MYSQL_REPLICA_PID");
    auto result = std::async(std::launch::async, [&] { return a->commit(batch->decision.rows); });
    const std::string waiting = "SELECT id FROM information_schema.processlist WHERE db = '" +
                                database.name() + "' AND state LIKE '%semi-sync%'";
    database.root.wait_until(waiting);
    database.root.run("KILL CONNECTION " + database.root.ask(waiting));
    ASSERT_EQ(result.get(), CommitResult::unknown);
  }
  const auto landed = a->landed(batch->decision.rows);
  ASSERT_TRUE(landed) << landed.error().message;
  EXPECT_TRUE(*landed);
  EXPECT_EQ(a.claim(campaign, {"ann", "bob"}), "issued 4', issued 5");
}

// Its text may have been on its way all the time.
TEST_F(MysqlLedgerPresumes, no_commit_that_was_given_up) {
  const auto batch = begin("ann");
  ASSERT_TRUE(batch);
  const std::string mine =
      "FROM " + table("commits") + " WHERE node = " + std::to_string(a->server());
  const std::uint64_t number = std::stoull(database.root.ask("SELECT number " + mine)) + 1;
  end_all_sessions();
  ASSERT_EQ(a->commit(batch->decision.rows), CommitResult::unknown);
  const auto landed = a->landed(batch->decision.rows);
  ASSERT_TRUE(landed) << landed.error().message;
  ASSERT_FALSE(*landed);
  Late late(database);
  const auto done = late.commit(campaign, batch->decision.rows, {a->server(), number});
  ASSERT_FALSE(done);
  EXPECT_TRUE(moved_since(done.error().error)) << done.error().error.message;
  EXPECT_EQ(database.root.ask("SELECT COUNT(*) FROM " + table("coupons")), "3");
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 4");
}

// No condition on a row that is not there fails.
TEST_F(MysqlLedgerPresumes, nothing_of_a_campaign_that_is_gone) {
  const auto batch = begin("ann");
  ASSERT_TRUE(batch);
  database.root.run("DELETE FROM " + table("issuing"));
  EXPECT_EQ(a->commit(batch->decision.rows), CommitResult::retry);
  EXPECT_EQ(database.root.ask("SELECT COUNT(*) FROM " + table("coupons")), "3");
  EXPECT_FALSE(begin("ann"));
  ASSERT_TRUE(a->lost());
  EXPECT_EQ(a->lost()->code, ErrorCode::corrupt);
}

// What two servers move in turn, they lock: nothing is done in vain.
TEST_F(MysqlLedgerPresumes, nothing_where_two_take_turns) {
  const CampaignNumber shared = a.put("shared", {.stock = 100});
  LedgerNode::agree({&a, &b});
  for (int n = 0; n < 20; ++n) {
    LedgerNode& node = n % 2 == 0 ? a : b;
    const auto batch = node.begin(LedgerNode::claims(shared, {"u" + std::to_string(n)}));
    ASSERT_TRUE(batch);
    EXPECT_EQ(node->commit(batch->decision.rows), CommitResult::ok) << n;
  }
}

// A batch of some size goes in by another protocol, into a transaction that has begun already.
class MysqlLedgerPresumesInBulk : public MysqlLedgerPresumes {
 protected:
  void SetUp() override {
    if (!database.root.is_on_mariadb()) GTEST_SKIP() << "only MariaDB takes rows in bulk";
    LedgerNode::agree({&a, &b});
    for (int n = 0; n < 3; ++n) (void)a.claim(big, {"alone"});
    (void)a.claim(big, hundred("first"));
  }

  [[nodiscard]] static std::vector<std::string> hundred(const std::string& prefix) {
    std::vector<std::string> names(100);
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = prefix + std::to_string(i);
    return names;
  }
  [[nodiscard]] Result<HandBatch> begin_hundred(const std::string& prefix) {
    return a.begin(LedgerNode::claims(big, hundred(prefix)));
  }
  void lock_from_outside() {
    database.root.run("BEGIN; SELECT 1 FROM " + table("issuing") + " FOR UPDATE");
  }
  [[nodiscard]] std::string coupons() {
    return database.root.ask("SELECT CONCAT_WS(' ', COUNT(*), MAX(`rank`)) FROM " +
                             table("coupons") + " WHERE campaign = " + std::to_string(big.value));
  }

  CampaignNumber big = a.put("big", {.stock = 1000});
};

TEST_F(MysqlLedgerPresumesInBulk, where_nobody_else_has_moved_the_campaign) {
  lock_from_outside();
  const auto batch = begin_hundred("second");
  ASSERT_TRUE(batch) << "it needs no lock";
  database.root.run("ROLLBACK");
  const std::string before = a->newest_gtid();
  ASSERT_EQ(a->commit(batch->decision.rows), CommitResult::ok);
  EXPECT_NE(a->newest_gtid(), before) << "who is told now waits for it on a replica";
  EXPECT_EQ(coupons(), "201 201");
  EXPECT_TRUE(b.claim(big, hundred("second")).starts_with("issued 102', issued 103', "));
}

// Otherwise it would never stand in line with another.
TEST_F(MysqlLedgerPresumesInBulk, not_always) {
  int locks = 0;
  for (const std::string prefix : {"a", "b", "c", "d"}) {
    lock_from_outside();
    const auto batch = begin_hundred(prefix);
    database.root.run("ROLLBACK");
    if (batch) {
      ASSERT_EQ(a->commit(batch->decision.rows), CommitResult::ok);
    } else {
      ++locks;
      (void)a.claim(big, hundred(prefix));
    }
  }
  EXPECT_EQ(locks, 1);
}

TEST_F(MysqlLedgerPresumesInBulk, only_while_one_batch_follows_another) {
  a.follow();
  lock_from_outside();
  EXPECT_FALSE(begin_hundred("second")) << "the transaction was given back";
  database.root.run("ROLLBACK");
  EXPECT_TRUE(a.claim(big, hundred("second")).starts_with("issued 102, "));
}

TEST_F(MysqlLedgerPresumesInBulk, in_vain_when_another_has_issued_meanwhile) {
  const auto batch = begin_hundred("second");
  ASSERT_TRUE(batch);
  EXPECT_EQ(b.claim(big, {"bob"}), "issued 102");
  EXPECT_EQ(a->commit(batch->decision.rows), CommitResult::retry);
  EXPECT_FALSE(a->lost());
  EXPECT_EQ(coupons(), "102 102");
  EXPECT_TRUE(a.claim(big, hundred("second")).starts_with("issued 103, "));
}

// Its rows are there by then, uncommitted.
TEST_F(MysqlLedgerPresumesInBulk, in_vain_when_another_has_the_lock) {
  const auto batch = begin_hundred("second");
  ASSERT_TRUE(batch);
  lock_from_outside();
  auto commit = std::async(std::launch::async, [&] { return a->commit(batch->decision.rows); });
  database.root.wait_until("SELECT id FROM information_schema.processlist WHERE db = '" +
                           database.name() + "' AND info LIKE 'UPDATE issuing%'");
  database.root.run("UPDATE " + table("issuing") + " SET tickets = tickets + 1; COMMIT");
  EXPECT_EQ(commit.get(), CommitResult::retry);
  EXPECT_EQ(coupons(), "101 101");
  EXPECT_TRUE(a.claim(big, hundred("second")).starts_with("issued 102, "));
}

// Presumed wrongly, as far as it can tell; that the row cannot be there it knows under the lock.
TEST_F(MysqlLedgerPresumesInBulk, nothing_of_a_row_that_cannot_be_there) {
  const auto batch = begin_hundred("second");
  ASSERT_TRUE(batch);
  database.root.run("INSERT INTO " + table("coupons") + " VALUES (" + std::to_string(big.value) +
                    ", 102, 'x', 1, '0123456789', 0, NULL, NULL, 1, 1)");
  EXPECT_EQ(a->commit(batch->decision.rows), CommitResult::retry);
  EXPECT_FALSE(a->lost());
  const auto again = begin_hundred("second");
  ASSERT_TRUE(again);
  EXPECT_EQ(a->commit(again->decision.rows), CommitResult::unavailable);
  ASSERT_TRUE(a->lost());
  EXPECT_EQ(a->lost()->code, ErrorCode::corrupt);
}

TEST_F(MysqlLedgerPresumesInBulk, nothing_of_a_session_that_has_ended) {
  const auto batch = begin_hundred("second");
  ASSERT_TRUE(batch);
  const std::string id = database.root.ask(
      "SELECT id FROM information_schema.processlist JOIN information_schema.innodb_trx ON id = "
      "trx_mysql_thread_id WHERE db = '" +
      database.name() + "'");
  EXPECT_EQ(id, "") << "a transaction that has done nothing holds nothing";
  end_all_sessions();
  EXPECT_EQ(a->commit(batch->decision.rows), CommitResult::unavailable);
  EXPECT_FALSE(a->lost());
  EXPECT_EQ(coupons(), "101 101");
  a.follow();
  EXPECT_TRUE(a.claim(big, hundred("second")).starts_with("issued 102, "));
}

}  // namespace
}  // namespace firstcome
