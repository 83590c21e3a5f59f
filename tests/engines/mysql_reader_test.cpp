#include "ledger/mysql/mysql_reader.hpp"

#include <gtest/gtest.h>

#include "engines/support/ledger_node.hpp"

// What is read from a replica, and when.

namespace firstcome {
namespace {

using testing::Database;
using testing::LedgerNode;
using testing::server_url;

class MysqlReaders : public ::testing::Test {
 protected:
  MysqlReaders() {
    LedgerNode::agree({&node});
    (void)node.claim(campaign, {"ann"});
  }

  MysqlPool::Open to(const MysqlEndpoint& endpoint) {
    return [endpoint, login = database.login()] { return MysqlConnection::open(endpoint, login); };
  }

  // Who answers a listing that must show this many coupons.
  [[nodiscard]] std::string who_lists(std::size_t coupons) {
    const auto listed = reader.coupons_of_campaign(campaign, Rank{0}, 10);
    EXPECT_TRUE(listed) << listed.error().message;
    EXPECT_EQ(listed->size(), coupons);
    return metrics.text().contains(from_replica) ? "replica" : "primary";
  }

  static constexpr auto from_replica = "firstcome_ledger_reads_total{from=\"replica\"} 1";
  Database database{};
  LedgerNode node{database};
  CampaignNumber campaign = node.put("c", {.stock = 9});
  SystemClock clock{};
  Metrics metrics{};
  MysqlPool primary{{.name = "primary", .size = 1}, to(server_url().primary), clock, metrics};
  MysqlPool replica{
      {.name = "replica", .size = 1}, to(testing::replica_endpoint()), clock, metrics};
  // As patient with a replica as a busy machine needs.
  MysqlReader reader{{.replica_wait = std::chrono::seconds(5)}, primary, {&replica},
                     [this] { return node->newest_gtid(); },    clock,   metrics.shard()};
};

TEST_F(MysqlReaders, ask_a_replica_that_has_all_there_is) {
  EXPECT_EQ(who_lists(1), "replica");
}

// What the primary has committed with GTIDs before would make any replica look level.
TEST_F(MysqlReaders, ask_no_replica_where_commits_have_no_gtids) {
  if (database.root.is_on_mariadb()) GTEST_SKIP() << "gtid_mode is MySQL's";
  testing::Operator other("FIRSTCOME_TEST_MYSQL_REPLICA_ADMIN_SOCKET");
  const testing::Setting of_replica(other, "gtid_mode", "ON_PERMISSIVE");
  const testing::Setting towards(database.root, "gtid_mode", "ON_PERMISSIVE");
  const testing::Setting without(database.root, "gtid_mode", "OFF_PERMISSIVE");
  EXPECT_EQ(who_lists(1), "primary");
}

}  // namespace
}  // namespace firstcome
