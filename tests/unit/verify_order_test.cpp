#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "unit/verify_world.hpp"

// The order rule goes through the coupons once; here it is held against its definition, pair by
// pair, in small worlds where anything goes.

namespace firstcome::testing {
namespace {

struct Span {
  std::uint32_t rank;
  std::int64_t sent;
  std::int64_t got;
};

// Promise 7 as it is written: A answered before B was sent has the lower rank. Counts such B.
std::uint64_t passed_over(const std::vector<Span>& spans) {
  return static_cast<std::uint64_t>(std::ranges::count_if(spans, [&](const Span& b) {
    return std::ranges::any_of(spans,
                               [&](const Span& a) { return a.got < b.sent && a.rank > b.rank; });
  }));
}

World world_of(const std::vector<Span>& spans) {
  World world;
  for (const Span& span : spans) {
    world.attempts.push_back({.campaign = "demo",
                              .user = "u" + std::to_string(world.attempts.size()),
                              .sent_ns = span.sent,
                              .got_ns = span.got,
                              .status = 201,
                              .outcome = "issued",
                              .rank = span.rank,
                              .code = to_string(code_for("demo", world.attempts.size()))});
  }
  return world;
}

std::vector<Span> random_spans(std::mt19937_64& random) {
  std::vector<Span> spans;
  const std::uint64_t size = 1 + random() % 12;
  for (std::uint64_t i = 0; i < size; ++i) {
    const auto sent = static_cast<std::int64_t>(random() % 20);
    const auto rank = static_cast<std::uint32_t>(1 + random() % size);  // some ranks twice
    spans.push_back({rank, sent, sent + static_cast<std::int64_t>(random() % 10)});
  }
  return spans;
}

TEST(VerifyOrder, FindsExactlyThePassedOver) {
  std::mt19937_64 random(7);
  std::uint64_t found = 0;
  for (int i = 0; i < 5000; ++i) {
    const std::vector<Span> spans = random_spans(random);
    const auto reports = check(world_of(spans), Facts::Source::none);
    const std::uint64_t broken = reports[6].rules[0].findings.broken;
    ASSERT_EQ(broken, passed_over(spans)) << "world " << i;
    found += broken;
  }
  EXPECT_GT(found, 1000U);
}

// Answered and sent in the same nanosecond is not before.
TEST(VerifyOrder, ATieIsNoOrder) {
  EXPECT_EQ(broken(world_of({{2, 0, 5}, {1, 5, 9}}), Facts::Source::none), std::set<int>{});
  EXPECT_EQ(broken(world_of({{2, 0, 4}, {1, 5, 9}}), Facts::Source::none), std::set<int>{7});
}

}  // namespace
}  // namespace firstcome::testing
