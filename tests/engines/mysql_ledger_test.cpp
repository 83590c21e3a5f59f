#include "ledger/mysql/mysql_ledger.hpp"

#include <gtest/gtest.h>

#include <future>

#include "engines/support/ledger_node.hpp"
#include "unit/support/samples.hpp"

// Two servers on one ledger, their steps interleaved by hand: the campaign's lock makes one order
// of what both do.

namespace firstcome {
namespace {

using testing::Database;
using testing::identity_of;
using testing::LedgerNode;

class MysqlLedgers : public ::testing::Test {
 protected:
  // Returns when somebody waits for a lock of this database.
  void wait_until_one_waits() {
    database.root.wait_until("SELECT id FROM information_schema.processlist WHERE db = '" +
                             database.name() + "' AND info LIKE '%FOR UPDATE%' AND id <> " +
                             "CONNECTION_ID()");
  }

  [[nodiscard]] std::string table(const std::string& name) const {
    return database.name() + "." + name;
  }

  void agree() { LedgerNode::agree({&a, &b}); }

  Database database;
  LedgerNode a{database};
  LedgerNode b{database};
};

TEST_F(MysqlLedgers, give_one_row_of_ranks_and_not_one_too_many) {
  const CampaignNumber campaign = a.put("c", {.stock = 4});
  agree();
  EXPECT_EQ(a.claim(campaign, {"ann", "bob"}), "issued 1, issued 2");
  EXPECT_EQ(b.claim(campaign, {"cyd", "ann"}), "issued 3, issued 1'");
  EXPECT_EQ(a.claim(campaign, {"dan", "eve"}), "issued 4, sold_out");
  EXPECT_EQ(b.claim(campaign, {"fay", "dan"}), "sold_out, issued 4'");
  EXPECT_EQ(database.root.ask("SELECT issued FROM " + table("issuing")), "4");
}

TEST_F(MysqlLedgers, count_a_users_coupons_together) {
  const CampaignNumber campaign = a.put("c", {.stock = 9, .per_user = 2});
  agree();
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 1");
  EXPECT_EQ(b.claim(campaign, {"ann"}), "issued 2");
  EXPECT_EQ(a.claim(campaign, {"ann", "bob"}), "limit_reached, issued 3");
}

// A batch of some size goes in by another protocol.
TEST_F(MysqlLedgers, write_large_batches_as_they_write_small_ones) {
  const CampaignNumber campaign =
      a.put("c", {.stock = 150, .coupon_ttl = std::chrono::seconds(60)});
  agree();
  std::vector<std::string> users;
  for (int n = 0; n < 200; ++n) users.push_back("u" + std::to_string(n) + "'\\");
  const std::string first = a.claim(campaign, users);
  EXPECT_TRUE(first.starts_with("issued 1, issued 2, ")) << first;
  EXPECT_TRUE(first.ends_with(", sold_out")) << first;
  EXPECT_EQ(b.claim(campaign, {users[0], users[149], users[150]}),
            "issued 1', issued 150', sold_out");
  EXPECT_EQ(database.root.ask("SELECT CONCAT_WS(' ', COUNT(*), COUNT(DISTINCT code), "
                              "MAX(`rank`), COUNT(claim_key), COUNT(DISTINCT expires_at - "
                              "issued_at)) FROM " +
                              table("coupons")),
            "150 150 150 0 1");
}

// What was read without the lock is not what is decided on.
TEST_F(MysqlLedgers, decide_one_after_the_other) {
  const CampaignNumber campaign = a.put("c", {.stock = 2});
  agree();
  auto first = a.begin(LedgerNode::claims(campaign, {"ann"}));
  ASSERT_TRUE(first);
  auto second =
      std::async(std::launch::async, [&] { return b.claim(campaign, {"ann", "bob", "cyd"}); });
  wait_until_one_waits();
  EXPECT_EQ(a->commit(first->decision.rows), CommitResult::ok);
  EXPECT_EQ(second.get(), "issued 1', issued 2, sold_out");
}

TEST_F(MysqlLedgers, give_tickets_in_the_order_of_the_lock) {
  const CampaignNumber campaign = a.put("c", {.stock = 9});
  agree();
  (void)a.claim(campaign, {"ann", "bob"});
  (void)b.claim(campaign, {"cyd"});
  (void)a.claim(campaign, {"dan"});
  EXPECT_EQ(
      database.root.ask("SELECT GROUP_CONCAT(ticket ORDER BY `rank`) FROM " + table("coupons")),
      "1,2,3,4");
}

TEST_F(MysqlLedgers, follow_what_the_other_did) {
  const CampaignNumber campaign = a.put("c", {.stock = 9});
  agree();
  (void)a.claim(campaign, {"ann"});
  const News news = b.follow();
  EXPECT_EQ(news.campaigns, std::vector{campaign});
  EXPECT_EQ(b->campaign(campaign).issued, 1U);
  EXPECT_TRUE(b.follow().empty()) << "told once";
}

// What a client was told stays true, and two claims never have one ticket.
TEST_F(MysqlLedgers, leave_claims_from_elsewhere_the_tickets_they_bring_where_those_rise) {
  const CampaignNumber campaign = a.put("c", {.stock = 9});
  agree();
  auto claims = LedgerNode::claims(campaign, {"ann", "bob", "cyd", "dan", "eve"});
  for (const auto& [at, ticket] : {std::pair{1U, 500U}, {2U, 500U}, {4U, 600U}}) {
    claims[at].reply_to.desk = ReplyTo::elsewhere;
    claims[at].ticket = Ticket{ticket};
  }
  claims[3].ticket = Ticket{900};  // of a queue of this server alone: tells nobody anything
  auto batch = a.begin(claims);
  ASSERT_TRUE(batch);
  ASSERT_EQ(a->commit(batch->decision.rows), CommitResult::ok);
  (void)b.claim(campaign, {"fay"});
  const std::string tickets = "SELECT GROUP_CONCAT(ticket ORDER BY `rank`) FROM ";
  EXPECT_EQ(database.root.ask(tickets + table("coupons")), "1,500,501,502,600,601");
}

// The database's clock was set back: what is written now looks old.
TEST_F(MysqlLedgers, follow_whatever_the_clock_says) {
  const CampaignNumber ahead = a.put("ahead", {.stock = 9});
  const CampaignNumber campaign = a.put("c", {.stock = 9});
  agree();
  (void)a.claim(ahead, {"ann"});
  database.root.run("UPDATE " + table("issuing") + " SET touched_at = touched_at + 3600000 " +
                    "WHERE campaign = " + std::to_string(ahead.value));
  b.follow();
  (void)a.claim(campaign, {"ann"});
  b.follow();
  EXPECT_EQ(b->campaign(campaign).issued, 1U);
}

TEST_F(MysqlLedgers, refuse_a_stock_below_what_the_other_has_issued) {
  const CampaignNumber campaign = a.put("c", {.stock = 9});
  agree();
  (void)a.claim(campaign, {"ann", "bob", "cyd"});
  EXPECT_EQ(b.try_put("c", {.stock = 2}), "stock");
  EXPECT_EQ(b.try_put("c", {.stock = 3}), "");
  agree();
  EXPECT_EQ(a.claim(campaign, {"dan"}), "sold_out");
}

TEST_F(MysqlLedgers, act_on_a_change) {
  const CampaignNumber campaign = a.put("c", {.stock = 1});
  agree();
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 1");
  EXPECT_EQ(b.claim(campaign, {"bob"}), "sold_out");
  (void)a.put("c", {.stock = 2});
  agree();
  EXPECT_EQ(b.claim(campaign, {"bob"}), "issued 2");
  (void)b.put("c", {.stock = 3, .paused = true});
  agree();
  EXPECT_EQ(a.claim(campaign, {"cyd"}), "paused");
}

// A desk that has not heard of it would say no to who has just won.
TEST_F(MysqlLedgers, decide_nothing_under_a_change_on_which_not_all_act) {
  const CampaignNumber campaign = a.put("c", {.stock = 9, .paused = true});
  const CampaignNumber other = a.put("other", {.stock = 9});
  agree();
  (void)a.put("c", {.stock = 9, .paused = false});
  (void)a.follow();  // it is shown
  (void)a.follow();  // and said
  const auto early = a.begin(LedgerNode::claims(campaign, {"ann"}));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::conflict) << early.error().message;
  EXPECT_EQ(a.claim(other, {"ann"}), "issued 1") << "nobody changed that one";
  (void)b.follow();  // it is shown, and not said yet
  ASSERT_FALSE(a.begin(LedgerNode::claims(campaign, {"ann"})));
  EXPECT_EQ(b.claim(campaign, {"ann"}), "issued 1") << "all others act on it";
  (void)b.follow();
  EXPECT_EQ(a.claim(campaign, {"ann", "bob"}), "issued 1', issued 2");
}

TEST_F(MysqlLedgers, decide_nothing_under_a_change_that_is_not_shown_here) {
  const CampaignNumber campaign = a.put("c", {.stock = 1});
  agree();
  (void)a.put("c", {.stock = 2});
  (void)a.follow();
  (void)a.follow();
  const auto early = b.begin(LedgerNode::claims(campaign, {"ann"}));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::conflict) << early.error().message;
  EXPECT_EQ(b->news().campaigns, std::vector{campaign});
  (void)b.follow();
  EXPECT_EQ(b.claim(campaign, {"ann", "bob"}), "issued 1, issued 2");
}

TEST_F(MysqlLedgers, wait_for_nobody_who_has_gone) {
  const CampaignNumber campaign = a.put("c", {.stock = 9, .paused = true});
  agree();
  (void)a.put("c", {.stock = 9, .paused = false});
  (void)a.follow();
  ASSERT_FALSE(a.begin(LedgerNode::claims(campaign, {"ann"})));
  a.pass(MysqlNodes::gone_after);
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 1");
}

// Who won before a pause must not be told of it: memory has the coupon first.
TEST_F(MysqlLedgers, hear_of_a_change_with_what_was_won_before_it) {
  const CampaignNumber campaign = a.put("c", {.stock = 9});
  agree();
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 1");
  (void)a.put("c", {.stock = 9, .paused = true});
  (void)b.put("other", {.stock = 1});
  EXPECT_TRUE(b->campaign(campaign).settings->paused);
  EXPECT_EQ(b->campaign(campaign).issued, 1U);
}

TEST_F(MysqlLedgers, make_campaigns_at_the_same_time) {
  auto other = std::async(std::launch::async, [&] {
    std::vector<CampaignNumber> numbers;
    for (int i = 0; i < 20; ++i) numbers.push_back(b.put("b" + std::to_string(i), {.stock = 1}));
    return numbers;
  });
  std::vector<CampaignNumber> numbers;
  for (int i = 0; i < 20; ++i) numbers.push_back(a.put("a" + std::to_string(i), {.stock = 1}));
  for (const CampaignNumber number : other.get()) numbers.push_back(number);
  std::ranges::sort(numbers);
  for (std::uint32_t i = 0; i < 40; ++i) EXPECT_EQ(numbers[i].value, i + 1);
  agree();
  EXPECT_EQ(a.claim(CampaignNumber{40}, {"ann"}), "issued 1");
  EXPECT_EQ(b.claim(CampaignNumber{40}, {"bob"}), "sold_out");
}

// A start reads all coupons: in pages, and none of them twice.
TEST_F(MysqlLedgers, start_with_more_coupons_than_one_page_has) {
  const CampaignNumber large = a.put("large", {.stock = 100'000});
  const CampaignNumber small = a.put("small", {.stock = 9});
  agree();
  std::vector<std::string> users(15'000);
  for (int batch = 0; batch < 4; ++batch) {
    for (std::size_t i = 0; i < users.size(); ++i) {
      users[i] = std::to_string(batch) + "-" + std::to_string(i);
    }
    a.claim(large, users);
  }
  EXPECT_EQ(a.claim(small, {"ann", "bob"}), "issued 1, issued 2");
  const std::string schema =
      database.root.is_on_mariadb() ? "information_schema" : "performance_schema";
  const auto rows_read = [&] {
    return std::stoul(database.root.ask("SELECT sum(variable_value) FROM " + schema +
                                        ".global_status WHERE variable_name LIKE 'handler_read%'"));
  };
  const std::size_t before = rows_read();
  LedgerNode c(database);
  EXPECT_LT(rows_read() - before, 70'000U);
  LedgerNode::agree({&a, &b, &c});
  EXPECT_EQ(c.claim(large, {"0-0", "1-4999", "1-5000", "3-14999", "ann"}),
            "issued 1', issued 20000', issued 20001', issued 60000', issued 60001");
  EXPECT_EQ(c.claim(small, {"bob", "cyd"}), "issued 2', issued 3");
}

TEST_F(MysqlLedgers, repeat_after_a_lock_wait) {
  const CampaignNumber campaign = a.put("c", {.stock = 9});
  agree();
  database.root.run("BEGIN; SELECT 1 FROM " + table("issuing") + " FOR UPDATE");
  const auto refused = a.begin(LedgerNode::claims(campaign, {"ann"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::timeout) << refused.error().message;
  database.root.run("ROLLBACK");
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 1");
}

// The operator lets no statement take longer than that. MySQL's limit is one for reading alone.
TEST_F(MysqlLedgers, repeat_after_a_statement_that_took_too_long) {
  if (!database.root.is_on_mariadb()) GTEST_SKIP() << "max_statement_time is MariaDB's";
  const CampaignNumber campaign = a.put("c", {.stock = 20'000});
  agree();
  const testing::Setting limit(database.root, "max_statement_time", "0.2");
  LedgerNode c(database);
  c.follow();
  std::vector<std::string> many(15'000);  // more than one text
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = "u" + std::to_string(i);
  for (const auto& users : {std::vector<std::string>{"ann"}, many}) {
    auto batch = c.begin(LedgerNode::claims(campaign, users));
    ASSERT_TRUE(batch);
    database.root.run("BEGIN; INSERT INTO " + table("coupons") +
                      " VALUES (1, 1, 'x', 1, '0123456789', 0, NULL, NULL, 1, 1)");
    const bool one_text = users.size() == 1;
    EXPECT_EQ(c->commit(batch->decision.rows),
              one_text ? CommitResult::unknown : CommitResult::retry);
    EXPECT_FALSE(c->lost());
    database.root.run("ROLLBACK");
    if (!one_text) continue;
    const auto landed = c->landed(batch->decision.rows);
    ASSERT_TRUE(landed) << landed.error().message;
    EXPECT_FALSE(*landed);
  }
  database.root.run("BEGIN; SELECT 1 FROM " + table("issuing") + " FOR UPDATE");
  const auto refused = c.begin(LedgerNode::claims(campaign, {"ann"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::timeout) << refused.error().message;
  database.root.run("ROLLBACK");
  EXPECT_EQ(c.claim(campaign, {"ann"}), "issued 1");
}

TEST_F(MysqlLedgers, repeat_after_a_deadlock) {
  const CampaignNumber campaign = a.put("c", {.stock = 9});
  agree();
  auto batch = a.begin(LedgerNode::claims(campaign, {"ann"}));
  ASSERT_TRUE(batch);
  // Much was written there, so that the server ends the other.
  database.root.run("BEGIN; INSERT INTO " + table("nodes") + " SELECT seq, 0, 0 FROM " +
                    testing::numbers_to(500) + "; INSERT INTO " + table("coupons") +
                    " VALUES (1, 1, 'x', 1, '0123456789', 0, NULL, NULL, 1, 1)");
  auto commit = std::async(std::launch::async, [&] { return a->commit(batch->decision.rows); });
  database.root.wait_until("SELECT id FROM information_schema.processlist WHERE db = '" +
                           database.name() + "' AND info LIKE 'INSERT INTO coupons%'");
  database.root.run("SELECT 1 FROM " + table("issuing") + " FOR UPDATE; ROLLBACK");
  EXPECT_EQ(commit.get(), CommitResult::retry);
  EXPECT_FALSE(a->lost());
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 1");
}

// Under the lock, and having read all there is: a row that is there already was not put there by
// us.
TEST_F(MysqlLedgers, stop_at_a_row_that_cannot_be_there) {
  const CampaignNumber campaign = a.put("c", {.stock = 9});
  agree();
  database.root.run("INSERT INTO " + table("coupons") +
                    " VALUES (1, 1, 'x', 1, '0123456789', 0, NULL, NULL, 1, 1)");
  auto batch = a.begin(LedgerNode::claims(campaign, {"ann"}));
  ASSERT_TRUE(batch);
  EXPECT_EQ(a->commit(batch->decision.rows), CommitResult::unavailable);
  ASSERT_TRUE(a->lost());
  EXPECT_EQ(a->lost()->code, ErrorCode::corrupt);
}

TEST_F(MysqlLedgers, wait_out_a_server_that_takes_no_writes) {
  const CampaignNumber campaign = a.put("c", {.stock = 9});
  agree();
  {
    const testing::Setting read_only(database.root, "read_only", "ON");
    const auto refused = a.begin(LedgerNode::claims(campaign, {"ann"}));
    ASSERT_FALSE(refused) << "a lock is a write, too";
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    a.follow();
  }
  EXPECT_FALSE(a->lost());
  EXPECT_EQ(a.claim(campaign, {"ann"}), "issued 1");
}

// What memory says may be told only once this server is known to act on every change.
TEST_F(MysqlLedgers, recall_nothing_before_the_changes_are_shown) {
  const CampaignNumber campaign = a.put("c", {.stock = 1});
  EXPECT_FALSE(b->recall(campaign, identity_of("ann")));
  b->follow();
  EXPECT_FALSE(b->recall(campaign, identity_of("ann"))) << "nobody was told yet what is new";
  (void)b->news();
  b->follow();
  EXPECT_TRUE(b->recall(campaign, identity_of("ann")));
}

TEST_F(MysqlLedgers, know_who_acts_on_a_change) {
  (void)b.follow();
  (void)a.put("c", {.stock = 1});
  EXPECT_FALSE(a->all_act_on_changes());
  (void)b.follow();  // it is shown, and not said yet
  (void)a.follow();
  EXPECT_FALSE(a->all_act_on_changes());
  (void)b.follow();
  (void)a.follow();
  EXPECT_TRUE(a->all_act_on_changes());
}

TEST(MysqlLedgerStart, two_make_one_ledger_of_an_empty_database) {
  const Database database;
  auto other =
      std::async(std::launch::async, [&] { return std::make_unique<LedgerNode>(database); });
  const LedgerNode a(database);
  const auto b = other.get();
  EXPECT_EQ(a->codes().code(CampaignNumber{1}, Rank{1}),
            (*b)->codes().code(CampaignNumber{1}, Rank{1}));
}

TEST(MysqlLedgerStart, finds_what_is_there) {
  const Database database;
  LedgerNode a(database);
  const CampaignNumber campaign = a.put("c", {.stock = 3});
  LedgerNode::agree({&a});
  EXPECT_EQ(a.claim(campaign, {"ann", "bob"}), "issued 1, issued 2");
  LedgerNode b(database);
  EXPECT_EQ(b->campaign(campaign).issued, 2U);
  b.follow();
  EXPECT_EQ(b.claim(campaign, {"bob", "cyd", "dan"}), "issued 2', issued 3, sold_out");
}

}  // namespace
}  // namespace firstcome
