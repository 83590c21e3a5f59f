#include <gtest/gtest.h>

#include <future>

#include "core/check.hpp"
#include "engines/support/ledger_node.hpp"

// Lines of paced campaigns: everybody parks, and only who has the lease lets claims go.

namespace firstcome {
namespace {

using testing::Database;
using testing::LedgerNode;

class MysqlLines : public ::testing::Test {
 protected:
  MysqlLines() {
    for (LedgerNode* node : {&a, &b}) {
      EXPECT_TRUE((*node)->for_each_parked([](const ParkedClaim&) {}));
    }
    LedgerNode::agree({&a, &b});
  }

  // For the others, all servers were seen last so long ago that they have gone.
  void forget_who_is_there() {
    the_databases_clock_jumps(std::chrono::hours(1));
    for (LedgerNode* node : {&a, &b}) node->pass(MysqlNodes::gone_after);
  }

  // As seen from what was written by it before.
  void the_databases_clock_jumps(std::chrono::milliseconds forward) {
    database.root.run("UPDATE " + table("nodes") + " SET seen_at = seen_at - " +
                      std::to_string(forward.count()));
  }

  // Parks these users' claims at that node. -> the claims as the line has them
  [[nodiscard]] std::vector<Claim> park(LedgerNode& node, const std::vector<std::string>& users) {
    auto batch = node.begin(LedgerNode::claims(line, users));
    CHECK(batch && node->commit(batch->decision.rows) == CommitResult::ok, "a commit goes well");
    return batch->decision.rows.parked;
  }

  // Lets these claims go. -> how that ends, "taken" when the line is somebody else's
  [[nodiscard]] std::string let_go(LedgerNode& node, const std::vector<Claim>& claims) {
    auto batch = node.begin({}, claims);
    if (!batch) return batch.error().code == ErrorCode::conflict ? "taken" : "fails";
    CHECK(node->commit(batch->decision.rows) == CommitResult::ok, "a commit goes well");
    return LedgerNode::words(*batch);
  }

  [[nodiscard]] std::string table(const std::string& name) const {
    return database.name() + "." + name;
  }
  [[nodiscard]] std::string epoch() {
    return database.root.ask("SELECT epoch FROM " + table("issuing") +
                             " WHERE campaign = " + std::to_string(line.value));
  }

  Database database;
  LedgerNode a{database};
  LedgerNode b{database};
  CampaignNumber line = a.put("line", {.stock = 2, .mode = Mode::paced});
  CampaignNumber instant = a.put("instant", {.stock = 9});
};

TEST_F(MysqlLines, have_one_order_whoever_parks) {
  const auto first = park(a, {"ann", "bob"});
  const auto second = park(b, {"cyd", "ann"});
  EXPECT_EQ(first.back().ticket.value, 2U);
  EXPECT_EQ(second.front().ticket.value, 3U);
  const News news = a.follow();
  ASSERT_EQ(news.parked.size(), 2U);
  EXPECT_EQ(news.parked[0].ticket.value, 3U);
  EXPECT_TRUE(a->runs_line(line));
  EXPECT_FALSE(b->runs_line(line));
}

TEST_F(MysqlLines, are_let_go_by_their_holder_alone) {
  const auto claims = park(a, {"ann", "bob", "cyd"});
  b.follow();
  EXPECT_EQ(let_go(b, claims), "taken");
  EXPECT_EQ(let_go(a, claims), "issued 1, issued 2, sold_out");
  const News news = b.follow();
  ASSERT_EQ(news.settled.size(), 3U);
  EXPECT_EQ(news.settled[1].outcome, Outcome::issued);
  EXPECT_EQ(news.settled[2].outcome, Outcome::sold_out);
}

// Memory follows the ledger every now and then; what it has not seen yet is read there.
TEST_F(MysqlLines, are_read_behind_what_was_seen_of_them) {
  (void)a.put("line", {.stock = 2, .per_user = 2, .mode = Mode::paced});
  LedgerNode::agree({&a, &b});
  const auto claims = park(a, {"ann", "bob", "cyd"});
  EXPECT_EQ(b.standing(line, "bob", {}), "queued 2 at 2");
  EXPECT_EQ(b.standing(line, "dan", {}), "");
  EXPECT_EQ(b.standing(line, "bob", {.back = Ticket{2}}), "") << "it would have been seen";
  const Place seen{.ticket = Ticket{1}, .position = 1};
  EXPECT_EQ(b.standing(line, "ann", {Ticket{1}, seen}), "queued 1 at 1");

  EXPECT_EQ(let_go(a, {claims[0]}), "issued 1");
  EXPECT_EQ(b.standing(line, "ann", {Ticket{1}, seen}), "coupon 1") << "she waits no longer";
  EXPECT_EQ(b.standing(line, "bob", {Ticket{1}, {}}), "queued 2 at 1");
  const auto again = park(a, {"ann"});
  EXPECT_EQ(b.standing(line, "ann", {Ticket{1}, seen}),
            "queued " + std::to_string(again.front().ticket.value) + " at 3, coupon 1");
  EXPECT_EQ(let_go(a, {claims[1], claims[2]}), "issued 2, sold_out");
  EXPECT_EQ(b.standing(line, "cyd", {}), "sold_out 3 at 0");
}

TEST_F(MysqlLines, are_taken_over_from_who_has_gone) {
  const auto claims = park(a, {"ann", "bob", "cyd"});
  const std::string before = epoch();
  (void)b.follow();
  forget_who_is_there();
  (void)b.put("news", {.stock = 1});  // whoever changes a campaign looks who is there
  const News news = b.follow();
  EXPECT_EQ(news.lines, std::vector{line});
  EXPECT_TRUE(b->runs_line(line));
  EXPECT_EQ(std::stoi(epoch()), std::stoi(before) + 1);
  EXPECT_EQ(let_go(b, {claims[0]}), "issued 1");
  // The one that had gone wakes up, and does not know.
  EXPECT_TRUE(a->runs_line(line));
  EXPECT_EQ(let_go(a, {claims[0]}), "taken");
  EXPECT_FALSE(a->runs_line(line));
  EXPECT_EQ(a->news().settled.size(), 1U);
  EXPECT_EQ(let_go(b, {claims[1], claims[2]}), "issued 2, sold_out");
}

TEST_F(MysqlLines, that_came_back_are_not_let_go_from_their_old_front) {
  const auto claims = park(a, {"ann", "bob"});
  (void)b.follow();
  forget_who_is_there();
  (void)b.put("news", {.stock = 1});
  (void)b.follow();
  EXPECT_EQ(let_go(b, {claims[0]}), "issued 1");
  forget_who_is_there();
  (void)a.put("more", {.stock = 1});
  (void)park(a, {"cyd"});
  ASSERT_TRUE(a->runs_line(line));
  EXPECT_EQ(let_go(a, {claims[0]}), "taken");
  EXPECT_EQ(let_go(a, {claims[1]}), "issued 2");
}

// Between its look and its take-over another server was faster.
TEST_F(MysqlLines, go_to_the_first_of_those_who_would_take_them_over) {
  const auto claims = park(a, {"ann"});
  (void)b.follow();
  forget_who_is_there();
  (void)b.put("news", {.stock = 1});
  const std::string of_line = " WHERE campaign = " + std::to_string(line.value);
  database.root.run("BEGIN; UPDATE " + table("issuing") + " SET epoch = epoch + 1, holder = 77" +
                    of_line);
  auto looking = std::async(std::launch::async, [&] { return b.follow(); });
  database.root.wait_until("SELECT id FROM information_schema.processlist WHERE db = '" +
                           database.name() + "' AND info LIKE 'UPDATE issuing%'");
  database.root.run("COMMIT");
  EXPECT_EQ(looking.get().lines, std::vector<CampaignNumber>{});
  EXPECT_FALSE(b->runs_line(line));
  EXPECT_EQ(database.root.ask("SELECT holder FROM " + table("issuing") + of_line), "77");
}

TEST_F(MysqlLines, are_not_taken_from_who_has_only_just_come) {
  forget_who_is_there();
  (void)b.put("news", {.stock = 1});
  (void)a.put("more", {.stock = 1});
  (void)a->news();  // there is something to say
  a.follow();       // it is there again, which b has not seen
  const auto claims = park(a, {"ann"});
  ASSERT_TRUE(a->runs_line(line));
  EXPECT_EQ(park(b, {"bob"}).size(), 1U);
  EXPECT_FALSE(b->runs_line(line));
  b.follow();
  EXPECT_FALSE(b->runs_line(line));
}

// Also where the batch that takes the lease parks nothing that would set the pace.
TEST_F(MysqlLines, are_not_taken_from_who_looks_gone_by_a_clock_that_jumped) {
  (void)park(a, {"ann"});
  (void)b.put("news", {.stock = 1});  // looks who is there
  (void)b.follow();
  the_databases_clock_jumps(std::chrono::hours(1));
  (void)b.put("more", {.stock = 1});
  EXPECT_FALSE(b->all_act_on_changes()) << "the other has not heard of it";
  (void)b.follow();
  EXPECT_FALSE(b->runs_line(line));
  (void)park(b, {"bob"});
  EXPECT_FALSE(b->runs_line(line));
}

// Else the line would stand still for as long as the clock was set back.
TEST_F(MysqlLines, are_taken_from_who_has_gone_although_the_clock_was_set_back) {
  const auto claims = park(a, {"ann"});
  (void)b.put("news", {.stock = 1});
  (void)b.follow();
  the_databases_clock_jumps(-std::chrono::hours(1));
  b.pass(MysqlNodes::gone_after);
  (void)b.put("more", {.stock = 1});
  (void)b.follow();
  EXPECT_TRUE(b->runs_line(line));
  EXPECT_EQ(let_go(b, claims), "issued 1");
}

TEST_F(MysqlLines, are_told_to_whoever_has_come_to_their_lease) {
  (void)park(a, {"ann"});
  (void)b.follow();
  forget_who_is_there();
  (void)b.put("news", {.stock = 1});
  auto claims = LedgerNode::claims(instant, {"ann"});
  claims.push_back(LedgerNode::claims(line, {"ann"}).front());
  auto batch = b.begin(claims);
  ASSERT_TRUE(batch);
  batch->decision.rows.parked.clear();  // she waits already: so it would be decided
  ASSERT_EQ(b->commit(batch->decision.rows), CommitResult::ok);
  ASSERT_TRUE(b->runs_line(line));
  EXPECT_EQ(b->news().lines, std::vector{line});
}

// The answer to the take-over was lost.
TEST_F(MysqlLines, are_told_to_whoever_finds_himself_their_holder) {
  const auto claims = park(a, {"ann"});
  (void)b.follow();
  (void)park(b, {"bob"});
  database.root.run("UPDATE " + table("issuing") + " SET epoch = epoch + 1, holder = (SELECT " +
                    "MAX(node) FROM " + table("nodes") + " WHERE node <> holder), touched_at = " +
                    "touched_at + 1 WHERE campaign = " + std::to_string(line.value));
  EXPECT_EQ(b.follow().lines, std::vector{line});
  EXPECT_EQ(let_go(a, claims), "taken");
}

TEST_F(MysqlLines, are_found_by_who_starts_while_they_grow) {
  const LedgerNode late(database);
  const CampaignNumber young = a.put("young", {.stock = 2, .mode = Mode::paced});
  a.pass(MysqlNodes::gone_after);  // nobody else is there for it
  a.follow();
  EXPECT_EQ(a.claim(young, {"ann"}), "queued 1");
  (void)park(a, {"bob"});
  std::vector<std::string> users;
  ASSERT_TRUE(late->for_each_parked(
      [&](const ParkedClaim& parked) { users.push_back(parked.claim.user.str()); }));
  EXPECT_EQ(users, std::vector<std::string>{"bob"}) << "the other's campaign is not known yet";
  late->follow();
  const News news = late->news();
  ASSERT_EQ(news.parked.size(), 1U);
  EXPECT_EQ(news.parked[0].user.str(), "ann");
}

}  // namespace
}  // namespace firstcome
