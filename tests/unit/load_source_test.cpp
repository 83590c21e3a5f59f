#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "load/histogram.hpp"
#include "load/source.hpp"
#include "load/timings.hpp"

namespace firstcome::load {
namespace {

using namespace std::chrono_literals;

std::vector<Job> take_all(Source& source, Monotonic now) {
  std::vector<Job> jobs;
  while (const std::optional<Job> job = source.take(now)) jobs.push_back(*job);
  return jobs;
}

TEST(OpenSource, RequestsAreDueAtFixedInstants) {
  OpenSource source(1000, 5, 10s);
  EXPECT_EQ(source.next_due(0s), 10s);
  EXPECT_FALSE(source.take(10s - 1ns));
  EXPECT_EQ(source.take(10s)->due, 10s);
  EXPECT_FALSE(source.take(10s));
  EXPECT_EQ(source.next_due(10s), 10s + 1ms);
  EXPECT_EQ(source.take(10s + 2ms)->due, 10s + 1ms);
  EXPECT_EQ(source.take(10s + 2ms)->due, 10s + 2ms);
  EXPECT_FALSE(source.take(10s + 2ms));
}

TEST(OpenSource, EndsAfterItsRequests) {
  OpenSource source(1000, 3, 0s);
  EXPECT_FALSE(source.exhausted(1h));
  EXPECT_EQ(source.waiting(1h), 3U);
  EXPECT_EQ(take_all(source, 1h).size(), 3U);
  EXPECT_TRUE(source.exhausted(1h));
  EXPECT_FALSE(source.next_due(1h));
  EXPECT_EQ(source.waiting(1h), 0U);
}

TEST(OpenSource, RoundingDoesNotAddUp) {
  OpenSource source(3, 3'000'001, 0s);
  std::optional<Job> last;
  for (const Job& job : take_all(source, 1'000'000s)) last = job;
  EXPECT_EQ(last->due, 1'000'000s);
}

TEST(OpenSource, NextDueLiesAfterWhatWaits) {
  OpenSource source(1000, 100, 0s);
  EXPECT_EQ(source.waiting(10ms), 11U);
  EXPECT_EQ(source.next_due(10ms), 11ms);
}

TEST(OpenSource, WaitingIsWhatTakeWouldGive) {
  for (const double rate : {0.7, 3.0, 999.0, 12345.6, 333'333.0}) {
    for (std::int64_t at = 0; at < 40; ++at) {
      OpenSource source(rate, 500, 0s, {1, 3});
      const Monotonic now{at * 1'777'777};
      const std::uint64_t waiting = source.waiting(now);
      EXPECT_EQ(take_all(source, now).size(), waiting) << rate << " " << at;
    }
  }
}

TEST(OpenSource, SharesMakeUpTheWholeSchedule) {
  std::set<std::uint64_t> indexes;
  for (std::uint64_t first = 0; first < 3; ++first) {
    OpenSource share(100, 100, 0s, {first, 3});
    for (const Job& job : take_all(share, 1h)) {
      EXPECT_TRUE(indexes.insert(job.index).second);
      EXPECT_EQ(*job.due, Monotonic{10ms} * job.index);
    }
  }
  EXPECT_EQ(indexes.size(), 100U);
}

// One connection to a server that answers in 100 µs, but from 0.5 s to 1.5 s not at all. Under
// coordinated omission a single request would be slow; here a thousand were due meanwhile, and each
// shows its wait.
TEST(OpenSource, AStallShowsInTheLatencies) {
  OpenSource source(1000, 2000, 0s);
  Histogram latencies;
  Monotonic now{};
  while (!source.exhausted(now)) {
    const std::optional<Job> job = source.take(now);
    if (!job) {
      now = *source.next_due(now);
      continue;
    }
    Moments moments{.wanted = *job->due, .send_started = now};
    const bool stalled = now >= 500ms && now < 1500ms;
    now = stalled ? 1500ms : now + 100us;
    moments.done = now;
    latencies.add(*timings_of(moments, Model::open).back());
  }
  EXPECT_EQ(latencies.count(), 2000U);
  EXPECT_EQ(latencies.max(), 1s);
  EXPECT_EQ(latencies.percentile(10), 100us);
  EXPECT_GT(latencies.percentile(50), 20ms);
  EXPECT_GT(latencies.percentile(90), 700ms);
}

TEST(ClosedSource, ThreadsShareTheRequests) {
  std::atomic<std::uint64_t> taken{0};
  ClosedSource a(taken, 5, 1h);
  ClosedSource b(taken, 5, 1h);
  EXPECT_EQ(a.take(0s)->index, 0U);
  EXPECT_EQ(b.take(0s)->index, 1U);
  EXPECT_EQ(a.waiting(0s), 3U);
  EXPECT_EQ(take_all(b, 0s).size(), 3U);
  EXPECT_TRUE(a.exhausted(0s));
  EXPECT_FALSE(a.take(0s));
}

TEST(ClosedSource, EndsAtItsDeadline) {
  std::atomic<std::uint64_t> taken{0};
  ClosedSource source(taken, 100, 10s);
  EXPECT_TRUE(source.take(10s - 1ns));
  EXPECT_FALSE(source.take(10s));
  EXPECT_TRUE(source.exhausted(10s));
}

TEST(Timings, ClosedDurationIsSendingWaitingAndReceiving) {
  const Moments moments{.wanted = 10ms,
                        .connect_started = 10ms,
                        .connected = 13ms,
                        .send_started = 14ms,
                        .sent = 15ms,
                        .first_byte = 35ms,
                        .done = 38ms};
  EXPECT_EQ(timings_of(moments, Model::closed), (Timings{4ms, 3ms, 1ms, 20ms, 3ms, 24ms}));
  EXPECT_EQ(timings_of(moments, Model::open).back(), 28ms);
}

TEST(Timings, AReplyThatNeverCameCountsUntilItWasGivenUp) {
  const Moments moments{.wanted = 0ms, .send_started = 1ms, .sent = 2ms, .done = 60s};
  EXPECT_EQ(timings_of(moments, Model::closed),
            (Timings{1ms, 0ms, 1ms, 60s - 2ms, 0ms, 60s - 1ms}));
}

TEST(Timings, WhatWasNeverSentHasNoDurationButInTheOpenModel) {
  const Moments moments{.wanted = 1s, .done = 5s};
  EXPECT_EQ(timings_of(moments, Model::closed), (Timings{4s}));
  EXPECT_EQ(timings_of(moments, Model::open).back(), 4s);
}

}  // namespace
}  // namespace firstcome::load
