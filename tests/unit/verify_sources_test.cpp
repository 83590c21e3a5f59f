#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "unit/verify_world.hpp"
#include "verify/report.hpp"
#include "verify/sources.hpp"

namespace firstcome::testing {
namespace {

// Writes the text into a file that lives as long as this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "firstcome_history_" + std::to_string(::getpid()) +
                      "_" + std::to_string(reinterpret_cast<std::uintptr_t>(this));
};

std::string history_of(const World& world) {
  std::string text;
  for (const Attempt& attempt : world.attempts) text += format_attempt(attempt) + "\n";
  return text;
}

// A ledger that holds a world.
class FakeAudit final : public LedgerAudit {
 public:
  explicit FakeAudit(const World& world) : world_(world) {}
  Result<std::vector<AuditedCampaign>> campaigns() override { return world_.campaigns; }
  Result<void> for_each_coupon(const std::function<void(const AuditedCoupon&)>& visit) override {
    if (fails) return fail(ErrorCode::corrupt, "row 3 is damaged");
    for (const AuditedCoupon& coupon : world_.coupons) visit(coupon);
    return {};
  }
  Result<std::uint64_t> unsettled_count(const CampaignId&) override { return world_.unsettled; }
  bool fails = false;

 private:
  const World& world_;
};

AnswerKind answer(int status, const std::string& outcome) {
  return answer_of({.got_ns = 1, .status = status, .outcome = outcome});
}

TEST(VerifyFacts, AnswersFallIntoTheKindsThatPromisesTellApart) {
  EXPECT_EQ(answer(201, "issued"), AnswerKind::issued);
  EXPECT_EQ(answer(200, "issued"), AnswerKind::issued);
  EXPECT_EQ(answer(202, "queued"), AnswerKind::queued);
  EXPECT_EQ(answer(409, "sold_out"), AnswerKind::sold_out);
  EXPECT_EQ(answer(200, "sold_out"), AnswerKind::sold_out);  // a verdict that was asked for later
  EXPECT_EQ(answer(409, "limit_reached"), AnswerKind::limit_reached);
  EXPECT_EQ(answer(409, "paused"), AnswerKind::shut);
  EXPECT_EQ(answer(409, "closed"), AnswerKind::shut);
  EXPECT_EQ(answer(409, "not_open"), AnswerKind::shut);
  EXPECT_EQ(answer(409, "conflict"), AnswerKind::refused);
  EXPECT_EQ(answer(429, "rate_limited"), AnswerKind::refused);
  EXPECT_EQ(answer(503, "unavailable"), AnswerKind::refused);
}

TEST(VerifyFacts, WhatTellsNothingMayHaveWon) {
  EXPECT_EQ(answer_of({.outcome = "unknown"}), AnswerKind::unknown);
  EXPECT_EQ(answer(500, "internal"), AnswerKind::unknown);
  EXPECT_EQ(answer(409, "issued"), AnswerKind::unknown);
  EXPECT_EQ(answer(200, ""), AnswerKind::unknown);
  EXPECT_EQ(answer(302, ""), AnswerKind::unknown);
  EXPECT_TRUE(may_have_won(AnswerKind::unknown));
}

TEST(VerifyFacts, TextIdsNumberTextsInOrder) {
  TextIds ids;
  for (std::uint32_t i = 0; i < 100'000; ++i) ASSERT_EQ(ids.id("user-" + std::to_string(i)), i);
  for (std::uint32_t i = 0; i < 100'000; ++i) ASSERT_EQ(ids.id("user-" + std::to_string(i)), i);
  EXPECT_EQ(ids.text(77), "user-77");
  EXPECT_EQ(ids.id(""), 100'000U);
  const std::string longest(70'000, 'x');
  EXPECT_EQ(ids.text(ids.id(longest)).size(), 65'535U);
  EXPECT_EQ(ids.id(longest), 100'001U);
}

TEST(VerifySources, LedgerAndHistoriesMerge) {
  World world = make_world({.seed = 2, .stock = 25});
  World second;
  const auto half = world.attempts.begin() + std::ssize(world.attempts) / 2;
  second.attempts.assign(half, world.attempts.end());
  World first = world;
  first.attempts.erase(first.attempts.begin() + std::ssize(world.attempts) / 2,
                       first.attempts.end());
  const TemporaryFile a(history_of(first));
  const TemporaryFile b(history_of(second));
  FakeAudit audit(world);
  Facts facts(Facts::Source::audit);
  ASSERT_TRUE(add_history(facts, a.path()));
  ASSERT_TRUE(add_history(facts, b.path()));
  ASSERT_TRUE(add_ledger(facts, audit));
  EXPECT_EQ(facts.campaigns()[0].attempts.size(), world.attempts.size());
  EXPECT_EQ(facts.place_name(facts.campaigns()[0].attempts.back()),
            b.path() + ":" + std::to_string(second.attempts.size()));
  EXPECT_EQ(overall(check_promises(facts, {})), Judgement::holds);
}

TEST(VerifySources, OtherCampaignsAreIgnored) {
  World world = make_world({.seed = 2, .campaign = "a"});
  world.append(make_world({.seed = 3, .campaign = "b"}));
  FakeAudit audit(world);
  const TemporaryFile history(history_of(world));
  Facts facts(Facts::Source::audit, "b");
  ASSERT_TRUE(add_history(facts, history.path()));
  ASSERT_TRUE(add_ledger(facts, audit));
  ASSERT_EQ(facts.campaigns().size(), 1U);
  EXPECT_EQ(facts.campaigns()[0].id, "b");
}

TEST(VerifySources, UnreadableSourcesAreErrors) {
  const World world = make_world({});
  FakeAudit audit(world);
  audit.fails = true;
  Facts facts(Facts::Source::audit);
  EXPECT_EQ(add_ledger(facts, audit).error().message, "row 3 is damaged");
  EXPECT_EQ(add_history(facts, "/nonexistent/h").error().code, ErrorCode::unavailable);
  const TemporaryFile damaged("{}\n");
  EXPECT_EQ(add_history(facts, damaged.path()).error().message,
            damaged.path() + ": line 1: \"campaign\" has to be a string");
}

// A server that knows these targets and no others.
HttpGet server(const std::map<std::string, std::string>& bodies) {
  return [bodies](const std::string& target) -> Result<std::string> {
    const auto found = bodies.find(target);
    if (found == bodies.end()) return fail(ErrorCode::unavailable, "no " + target);
    return found->second;
  };
}

std::string coupon_json(std::uint32_t rank, const std::string& user) {
  return R"({"campaign":"demo","rank":)" + std::to_string(rank) + R"(,"user":")" + user +
         R"(","nth":1,"code":")" + to_string(code_for("demo", rank)) + R"("})";
}

const std::string demo_json = R"({"id":"demo","stock":9,"per_user":1,"state":"open"})";

TEST(VerifySources, ListingsAreReadPageByPage) {
  const auto get = server(
      {{"/v1/campaigns?limit=1000", R"({"data":[)" + demo_json + R"(],"has_more":false})"},
       {"/v1/campaigns/demo/coupons?limit=1000",
        R"({"data":[)" + coupon_json(1, "a") + R"(],"has_more":true,"next_cursor":"c1"})"},
       {"/v1/campaigns/demo/coupons?limit=1000&cursor=c1",
        R"({"data":[)" + coupon_json(2, "b") + R"(],"has_more":false,"next_cursor":null})"}});
  Facts facts(Facts::Source::listing);
  const auto added = add_listing(facts, get, "");
  ASSERT_TRUE(added) << added.error().message;
  ASSERT_EQ(facts.campaigns().size(), 1U);
  const CampaignFacts& demo = facts.campaigns()[0];
  EXPECT_EQ(demo.limits->stock, 9U);
  ASSERT_EQ(demo.coupons.size(), 2U);
  EXPECT_EQ(facts.user_name(demo.coupons[1].user), "b");
  EXPECT_EQ(demo.coupons[1].code, code_for("demo", 2));
  EXPECT_EQ(overall(check_promises(facts, {})), Judgement::holds);
}

TEST(VerifySources, OneCampaignIsAskedForByName) {
  const auto get =
      server({{"/v1/campaigns/demo", demo_json},
              {"/v1/campaigns/demo/coupons?limit=1000", R"({"data":[],"has_more":false})"}});
  Facts facts(Facts::Source::listing, "demo");
  EXPECT_TRUE(add_listing(facts, get, "demo"));
}

TEST(VerifySources, BodiesThatAreNotVersionOneAreErrors) {
  for (const std::string body : {"", "[]", "{}", R"({"data":[{}],"has_more":false})",
                                 R"({"data":[]})", R"({"data":[],"has_more":true})"}) {
    Facts facts(Facts::Source::listing);
    const auto added = add_listing(facts, server({{"/v1/campaigns?limit=1000", body}}), "");
    ASSERT_FALSE(added) << body;
    EXPECT_EQ(added.error().code, ErrorCode::corrupt) << body;
  }
}

TEST(VerifyReport, SaysALineForEachPromise) {
  World world = make_world({.seed = 2, .stock = 25});
  world.coupons[3].coupon.code = code_for("demo", 4, 1);
  std::ostringstream out;
  print_report(out, check(world, Facts::Source::audit));
  const std::string text = out.str();
  EXPECT_NE(text.find("\n 2  limit           holds        25 users\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n 3  durable         BROKEN      "), std::string::npos) << text;
  EXPECT_NE(text.find(" was told rank 4 with code " + to_string(code_for("demo", 4)) +
                      "; the ledger has rank 4 of "),
            std::string::npos)
      << text;
}

TEST(VerifyReport, SaysWhatWasAssumed) {
  std::ostringstream out;
  print_report(out, check(make_world({.seed = 2, .stock = 25}), Facts::Source::audit));
  EXPECT_NE(out.str().find("against their stock; assuming that no stock was added (if it was: "
                           "--stock-raised)\n"),
            std::string::npos)
      << out.str();
}

TEST(VerifyReport, SaysWhyAPromiseWasNotChecked) {
  World world = make_world({.seed = 2});
  std::ostringstream out;
  print_report(out, check(world, Facts::Source::none));
  const std::string text = out.str();
  EXPECT_NE(text.find(" 1  cap             not checked  no ledger was given\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("; not checked: ranks against tickets, no ledger was given\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace firstcome::testing
