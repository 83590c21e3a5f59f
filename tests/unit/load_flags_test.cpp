#include <gtest/gtest.h>

#include <functional>

#include "load/flags.hpp"
#include "load/scenario.hpp"

namespace firstcome::load {
namespace {

using namespace std::chrono_literals;

Flags flags_with(const std::function<void(Flags&)>& change) {
  Flags flags;
  flags.campaign = "drop";
  change(flags);
  return flags;
}

std::string field_refused(const std::function<void(Flags&)>& change) {
  const Result<Plan> plan = make_plan(flags_with(change));
  return plan ? "accepted" : plan.error().field;
}

TEST(Flags, AScenarioFillsInWhatWasNotSaid) {
  const Result<Plan> plan = make_plan(flags_with([](Flags& f) { f.scenario = "drop-8668"; }));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->model, Model::closed);
  EXPECT_EQ(plan->connections, 1000U);
  EXPECT_EQ(plan->requests, 8668U);
  EXPECT_EQ(plan->users, 8668U);
  EXPECT_EQ(find_scenario("drop-8668")->stock, 4334U);
}

TEST(Flags, WhatWasSaidWins) {
  const Result<Plan> plan = make_plan(flags_with([](Flags& f) {
    f.scenario = "drop-8668";
    f.virtual_users = 10;
    f.requests = 20;
  }));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->connections, 10U);
  EXPECT_EQ(plan->requests, 20U);
}

TEST(Flags, ARateMakesTheModelOpen) {
  const Result<Plan> plan = make_plan(flags_with([](Flags& f) {
    f.rate = 500;
    f.duration = "4";
  }));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->model, Model::open);
  EXPECT_EQ(plan->requests, 2000U);
  EXPECT_EQ(plan->users, 2000U);
  EXPECT_EQ(plan->duration, 4s);
}

TEST(Flags, AScenarioAtARateTakesAsLongAsItNeeds) {
  const Result<Plan> plan = make_plan(flags_with([](Flags& f) {
    f.scenario = "drop-8668";
    f.rate = 4334;
  }));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->requests, 8668U);
  EXPECT_EQ(plan->duration, 2s);
}

TEST(Flags, NoMoreVirtualUsersThanRequests) {
  const Result<Plan> plan = make_plan(flags_with([](Flags& f) { f.requests = 3; }));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->connections, 3U);
}

TEST(Flags, RefusesWhatMakesNoSense) {
  EXPECT_EQ(field_refused([](Flags&) {}), "requests");
  EXPECT_EQ(field_refused([](Flags& f) { f.rate = 5; }), "requests");
  EXPECT_EQ(field_refused([](Flags& f) { f.requests = 0; }), "requests");
  EXPECT_EQ(field_refused([](Flags& f) { f.scenario = "nope"; }), "scenario");
  EXPECT_EQ(field_refused([](Flags& f) { f.rate = 0, f.duration = "1"; }), "rate");
  EXPECT_EQ(field_refused([](Flags& f) { f.rate = 5, f.virtual_users = 5; }), "vus");
  EXPECT_EQ(field_refused([](Flags& f) { f.requests = 5, f.connections = 5; }), "connections");
  EXPECT_EQ(field_refused([](Flags& f) { f.requests = 5, f.virtual_users = 0; }), "vus");
  EXPECT_EQ(field_refused([](Flags& f) { f.requests = 5, f.threads = 0; }), "threads");
  EXPECT_EQ(field_refused([](Flags& f) { f.requests = 5, f.warmup = "x"; }), "warmup");
  EXPECT_EQ(field_refused([](Flags& f) { f.requests = 5, f.timeout = "0"; }), "timeout");
  EXPECT_EQ(field_refused([](Flags& f) { f.requests = 5, f.duration = "25h"; }), "duration");
  EXPECT_EQ(field_refused([](Flags& f) { f.requests = 5, f.campaign = "No!"; }), "campaign");
  EXPECT_EQ(field_refused([](Flags& f) { f.requests = 5, f.users = 0; }), "users");
}

TEST(Flags, OnlyHttpUrls) {
  for (const char* url : {"https://127.0.0.1:8080", "127.0.0.1:8080", "http://",
                          "http://127.0.0.1:0", "http://127.0.0.1:99999",
                          "http://127.0.0.1:8080/v1", "http://a@127.0.0.1", "http://[::1", ""}) {
    EXPECT_EQ(field_refused([&](Flags& f) { f.requests = 5, f.url = url; }), "url") << url;
  }
  for (const char* url : {"http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://[::1]:8080"}) {
    EXPECT_EQ(field_refused([&](Flags& f) { f.requests = 5, f.url = url; }), "accepted") << url;
  }
}

}  // namespace
}  // namespace firstcome::load
