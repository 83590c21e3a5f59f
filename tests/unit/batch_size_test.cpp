#include "issue/batch_size.hpp"

#include <gtest/gtest.h>

#include <random>

namespace firstcome {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::size_t claims_max = 4096;

// A database that is never idle: every batch is as large as it may be.
struct Database {
  nanoseconds fixed;
  nanoseconds row;

  // Commits so many batches. -> the size of the largest of the last four, between two trials
  std::size_t commit(BatchSize& size, int batches) {
    std::size_t largest = 0;
    for (int i = 0; i < batches; ++i) {
      if (i >= batches - 4) largest = std::max(largest, size.next());
      size.learn(size.next(), cost(size.next()));
    }
    return largest;
  }
  [[nodiscard]] nanoseconds cost(std::size_t rows) const {
    return fixed + row * static_cast<std::int64_t>(rows);
  }
};

TEST(BatchSize, of_a_fast_database_is_all_that_is_allowed) {
  BatchSize size(claims_max);
  EXPECT_EQ(size.next(), claims_max) << "until something else is known";
  Database fast{1ms, 10us};
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(size.next(), claims_max);
    fast.commit(size, 1);
  }
}

TEST(BatchSize, keeps_the_rows_part_within_the_aim) {
  BatchSize size(claims_max);
  Database slow{2ms, 200us};
  slow.commit(size, 20);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(size.next() == 250 || size.next() == 125) << size.next();
    slow.commit(size, 1);
  }
}

// A batch of half the size would take as long, and twice as many of them are needed.
TEST(BatchSize, does_not_shrink_against_a_slow_sync) {
  BatchSize size(claims_max);
  Database far_away{400ms, 5us};
  EXPECT_EQ(far_away.commit(size, 16), claims_max) << "once that is found out";
  EXPECT_EQ(far_away.commit(size, 50), claims_max);
}

TEST(BatchSize, shrinks_at_once_when_a_commit_takes_for_ever) {
  BatchSize size(claims_max);
  (void)Database{1ms, 10us}.commit(size, 50);
  size.learn(claims_max, 8s);
  EXPECT_EQ(size.next(), BatchSize::claims_min);
  EXPECT_EQ((Database{1ms, 2ms}.commit(size, 50)), 2 * BatchSize::claims_min) << "a trial's size";
}

TEST(BatchSize, grows_back_when_the_database_is_fast_again) {
  for (const nanoseconds fixed : {nanoseconds(1ms), nanoseconds(300ms)}) {
    BatchSize size(claims_max);
    (void)Database{fixed, 5ms}.commit(size, 50);
    EXPECT_EQ((Database{fixed, 10us}.commit(size, 20)), claims_max) << fixed;
  }
}

TEST(BatchSize, takes_no_notice_of_a_commit_that_was_held_up_for_once) {
  BatchSize size(claims_max);
  for (int i = 0; i < 100; ++i) {
    size.learn(100 + static_cast<std::size_t>(i % 5) * 100, i % 6 == 5 ? 150ms : 2ms);
    ASSERT_EQ(i < 12 ? claims_max : size.next(), claims_max) << i;
  }
}

TEST(BatchSize, learns_nothing_of_rows_from_small_batches_of_all_durations) {
  BatchSize size(claims_max);
  for (int i = 0; i < 100; ++i) {
    size.learn(1 + static_cast<std::size_t>(i * 7 % 40), std::chrono::milliseconds(i * 13 % 45));
    EXPECT_EQ(size.next(), claims_max);
  }
}

TEST(BatchSize, stays_near_the_aim_whatever_the_noise) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> noise(0.6, 1.6);
  BatchSize size(claims_max);
  const Database slow{5ms, 100us};  // 500 rows within the aim
  for (int i = 0; i < 500; ++i) {
    const std::size_t rows = size.next();
    const auto cost = slow.cost(rows) * noise(random);
    size.learn(rows, std::chrono::duration_cast<nanoseconds>(cost));
    if (i < 20) continue;
    EXPECT_GE(rows, 100U) << i;
    EXPECT_LE(rows, 2000U) << i;
  }
}

TEST(BatchSize, leaves_a_limit_below_the_smallest_size_alone) {
  BatchSize size(8);
  EXPECT_EQ((Database{1ms, 100ms}.commit(size, 50)), 8U);
}

}  // namespace
}  // namespace firstcome
