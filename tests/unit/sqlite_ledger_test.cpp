#include "ledger/sqlite_ledger.hpp"

#include <unistd.h>

#include <filesystem>

#include "ledger/sqlite_audit.hpp"
#include "ledger/sqlite_reader.hpp"
#include "unit/support/sqlite_bench.hpp"

namespace firstcome {
namespace {

using testing::at_second;
using testing::first_campaign;
using testing::identity_of;
using testing::second_campaign;

class SqliteLedgerTest : public testing::SqliteBench {
 protected:
  void SetUp() override { open(); }

  std::vector<Result<Ledger::Changed>> change(const std::vector<CampaignChange>& changes) {
    return *ledger->change(changes);
  }
  [[nodiscard]] std::vector<ParkedClaim> parked() {
    std::vector<ParkedClaim> all;
    EXPECT_TRUE(ledger->for_each_parked([&](const ParkedClaim& one) { all.push_back(one); }));
    return all;
  }
};

// Promise 3: whoever was told "issued" finds the same coupon after a restart.
TEST_F(SqliteLedgerTest, opened_again_holds_the_same) {
  ASSERT_TRUE(put("a", 5, 2));
  ASSERT_TRUE(put("b", 9));
  ASSERT_EQ(issue({"u1", "u2", "u1"}, first_campaign), CommitResult::ok);
  ASSERT_EQ(issue({"u1"}, second_campaign, "k"), CommitResult::ok);
  const Standing before = *ledger->recall(first_campaign, identity_of("u1"));
  const Standing keyed = *ledger->recall(second_campaign, identity_of("u1", "k"));
  const CampaignSettings settings = *ledger->campaign(first_campaign).settings;
  reopen();
  const Standing after = *ledger->recall(first_campaign, identity_of("u1"));
  EXPECT_EQ(after.coupons, 2U);
  EXPECT_EQ(after.first, before.first);
  EXPECT_EQ(ledger->recall(second_campaign, identity_of("u1", "k"))->by_key, keyed.by_key);
  EXPECT_TRUE(keyed.by_key.has_value());
  EXPECT_EQ(ledger->campaign(first_campaign).issued, 3U);
  EXPECT_EQ(*ledger->campaign(first_campaign).settings, settings);
}

TEST_F(SqliteLedgerTest, goes_on_with_ranks_after_it_is_opened_again) {
  ASSERT_TRUE(put("a", 5));
  ASSERT_EQ(issue({"u1"}), CommitResult::ok);
  reopen();
  ASSERT_EQ(issue({"u2"}), CommitResult::ok);
  EXPECT_EQ(ledger->recall(first_campaign, identity_of("u2"))->first->rank, Rank{2});
  reopen();
  EXPECT_EQ(ledger->campaign(first_campaign).issued, 2U);
}

TEST_F(SqliteLedgerTest, gives_a_higher_epoch_each_time) {
  const Epoch first = epoch;
  reopen();
  EXPECT_GT(epoch, first);
  EXPECT_GT(*ledger->take_epoch(), epoch);
}

TEST_F(SqliteLedgerTest, makes_and_changes_campaigns) {
  CampaignChange full{.id = CampaignId::trusted("a")};
  full.patch = {.name = "Name",
                .stock = 7,
                .per_user = 3,
                .opens_at = at_second(1),
                .closes_at = at_second(2),
                .coupon_ttl = std::chrono::seconds(60),
                .mode = Mode::paced,
                .metadata = R"({"a":[1]})"};
  const auto made = change({full});
  EXPECT_TRUE(made[0]->created);
  EXPECT_FALSE(change({full})[0]->created) << "the same again";
  CampaignChange pause{.id = full.id, .kind = CampaignChange::Kind::patch};
  pause.patch.paused = true;
  CampaignSettings expected = *made[0]->campaign.settings;
  expected.paused = true;
  EXPECT_EQ(*change({pause})[0]->campaign.settings, expected);
  reopen();
  EXPECT_EQ(*ledger->campaign(first_campaign).settings, expected);
}

TEST_F(SqliteLedgerTest, makes_each_change_of_a_group_on_top_of_the_others) {
  const CampaignId a = CampaignId::trusted("a");
  constexpr auto patch = CampaignChange::Kind::patch;
  const auto results = change({{.id = a, .kind = patch, .patch = {.stock = 1}},
                               {.id = a, .patch = {.stock = 2}},
                               {.id = a, .kind = patch, .patch = {.name = "n"}},
                               {.id = CampaignId::trusted("b"), .patch = {.stock = 3}},
                               {.id = a, .kind = patch, .patch = {.stock = 4}}});
  EXPECT_EQ(results[0].error().code, ErrorCode::not_found);
  EXPECT_TRUE(results[1]->created);
  EXPECT_EQ(results[2]->campaign.settings->stock, 2U);
  EXPECT_EQ(results[3]->campaign.number, second_campaign);
  reopen();
  EXPECT_EQ(*ledger->campaign(first_campaign).settings,
            (CampaignSettings{.name = "n", .stock = 4}));
  EXPECT_EQ(ledger->campaign(second_campaign).settings->stock, 3U);
}

TEST_F(SqliteLedgerTest, never_lowers_the_stock_below_what_is_issued) {
  ASSERT_TRUE(put("a", 5));
  ASSERT_EQ(issue({"u1", "u2"}), CommitResult::ok);
  const auto refused = put("a", 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(refused.error().field, "stock");
  EXPECT_EQ(ledger->campaign(first_campaign).settings->stock, 5U);
  EXPECT_TRUE(put("a", 2));
}

TEST_F(SqliteLedgerTest, remembers_who_waits_and_who_lost) {
  ASSERT_TRUE(put("a", 5));
  const std::vector claims{parked_claim("u1", 10), parked_claim("u2", 11, "k"),
                           parked_claim("u3", 12)};
  ASSERT_EQ(park(claims), CommitResult::ok);
  ASSERT_EQ(settle({{first_campaign, Ticket{10}, Outcome::issued},
                    {first_campaign, Ticket{12}, Outcome::sold_out}}),
            CommitResult::ok);
  const Epoch parked_in = epoch;
  reopen();
  const auto left = parked();
  ASSERT_EQ(left.size(), 2U) << "an issued one is a coupon now";
  EXPECT_EQ(left[0].outcome, Outcome::queued);
  EXPECT_EQ(left[0].claim.user.view(), "u2");
  EXPECT_EQ(left[0].claim.key.view(), "k");
  EXPECT_EQ(left[0].claim.ticket, Ticket{11});
  EXPECT_EQ(left[0].claim.epoch, parked_in);
  EXPECT_EQ(left[0].claim.arrived_at, at_second(77));
  EXPECT_EQ(left[1].outcome, Outcome::sold_out);
}

TEST_F(SqliteLedgerTest, gives_no_ticket_again_that_somebody_waits_under) {
  EXPECT_EQ(*ledger->first_free_ticket(), Ticket{1});
  ASSERT_TRUE(put("a", 5));
  ASSERT_EQ(park({parked_claim("u1", 41)}), CommitResult::ok);
  EXPECT_EQ(*ledger->first_free_ticket(), Ticket{42});
}

TEST_F(SqliteLedgerTest, keeps_its_codes_from_start_to_start) {
  const CouponCode code = ledger->codes().code(first_campaign, Rank{1});
  const std::string cursor = ledger->cursors().make("campaigns", 5);
  reopen();
  EXPECT_EQ(ledger->codes().code(first_campaign, Rank{1}), code);
  EXPECT_EQ(*ledger->cursors().read("campaigns", cursor), 5U);
}

TEST_F(SqliteLedgerTest, is_opened_by_one_process_at_a_time) {
  const auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos)
      << second.error().message;
  close();
  EXPECT_TRUE(try_open()) << "the lock goes with its holder";
}

TEST_F(SqliteLedgerTest, is_as_durable_as_it_says) {
  ASSERT_TRUE(put("a", 5));
  auto other = SqliteDatabase::open(path, SqliteDatabase::Access::read_only);
  EXPECT_EQ(*other->query_text("PRAGMA journal_mode"), "wal");
  EXPECT_TRUE(std::filesystem::exists(path + "-wal"));
}

TEST_F(SqliteLedgerTest, lists_in_rank_order_and_by_user) {
  ASSERT_TRUE(put("a", 9));
  ASSERT_TRUE(put("b", 9));
  ASSERT_EQ(issue({"u1", "u2"}), CommitResult::ok);
  ASSERT_EQ(issue({"u2"}, second_campaign), CommitResult::ok);
  ASSERT_EQ(issue({"u3"}), CommitResult::ok);
  const auto reader = *SqliteReader::open(path, ledger->index(), testing::fingerprints);
  const auto page = *reader->coupons_of_campaign(first_campaign, Rank{1}, 9);
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].user.view(), "u2");
  EXPECT_EQ(page[1].user.view(), "u3");
  const auto mine = *reader->coupons_of_user(UserId::trusted("u2"), 0, 9);
  ASSERT_EQ(mine.size(), 2U);
  EXPECT_EQ(mine[1].campaign, second_campaign);
  const std::uint64_t after_first = (std::uint64_t{1} << 32) | mine[0].coupon.rank.value;
  EXPECT_EQ(reader->coupons_of_user(UserId::trusted("u2"), after_first, 9)->size(), 1U);
  EXPECT_EQ(reader->coupons_of_user(UserId::trusted("u2"), 0, 1)->size(), 1U);
}

// The log is moved into the file as it grows, also beside a reader who comes and goes.
TEST_F(SqliteLedgerTest, keeps_its_log_small_beside_a_reader) {
  ASSERT_TRUE(put("a", 1'000'000));
  const auto reader = *SqliteReader::open(path, ledger->index(), testing::fingerprints);
  std::vector<std::string> users(1000);
  for (int batch = 0; batch < 40; ++batch) {
    for (std::size_t i = 0; i < users.size(); ++i) {
      users[i] = "u" + std::to_string(batch) + "-" + std::to_string(i);
    }
    ASSERT_EQ(issue(users), CommitResult::ok);
    ASSERT_EQ(reader->coupons_of_campaign(first_campaign, Rank{0}, 100)->size(), 100U);
    ledger->between_batches();
  }
  EXPECT_LT(std::filesystem::file_size(path + "-wal"), std::filesystem::file_size(path));
}

TEST_F(SqliteLedgerTest, is_audited_while_it_is_in_use) {
  ASSERT_TRUE(put("a", 9));
  ASSERT_EQ(issue({"u1"}), CommitResult::ok);
  const auto audit = *SqliteAudit::open(path);
  ASSERT_EQ(audit->campaigns()->size(), 1U);
  ASSERT_EQ(issue({"u2"}), CommitResult::ok);
  ASSERT_EQ(park({parked_claim("u3", 9)}), CommitResult::ok);
  int seen = 0;
  ASSERT_TRUE(audit->for_each_coupon([&](const AuditedCoupon&) { ++seen; }));
  EXPECT_EQ(seen, 1) << "one snapshot, as of the first look";
  EXPECT_EQ(*audit->unsettled_count(CampaignId::trusted("a")), 0U);
}

}  // namespace
}  // namespace firstcome
