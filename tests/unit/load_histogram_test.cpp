#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "load/histogram.hpp"

namespace firstcome::load {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, EmptyIsAllZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min(), 0ns);
  EXPECT_EQ(histogram.max(), 0ns);
  EXPECT_EQ(histogram.average(), 0ns);
  EXPECT_EQ(histogram.percentile(99), 0ns);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(Monotonic{i});
  EXPECT_EQ(histogram.percentile(0), 1ns);
  EXPECT_EQ(histogram.percentile(50), 500ns);
  EXPECT_EQ(histogram.percentile(95), 950ns);
  EXPECT_EQ(histogram.percentile(100), 1000ns);
  EXPECT_EQ(histogram.average(), 500ns);
}

// The promise of the header: at most 1 part in 2,048 beside the exact nearest-rank value.
TEST(Histogram, PercentilesKeepTheirError) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(0, std::log(3.6e12));
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<std::int64_t>(std::exp(exponent(random))));
    histogram.add(Monotonic{values.back()});
  }
  std::ranges::sort(values);
  for (const double percent : {1., 10., 50., 90., 95., 99., 99.9}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * 20'000)) - 1;
    const auto exact = static_cast<double>(values[rank]);
    const auto told = static_cast<double>(histogram.percentile(percent).count());
    EXPECT_LE(std::abs(told - exact), exact / 2048) << percent;
  }
  EXPECT_EQ(histogram.min().count(), values.front());
  EXPECT_EQ(histogram.max().count(), values.back());
}

TEST(Histogram, AverageAndExtremesAreExactForLargeValues) {
  Histogram histogram;
  histogram.add(6'380'123'457ns);
  histogram.add(13'590'000'001ns);
  EXPECT_EQ(histogram.min(), 6'380'123'457ns);
  EXPECT_EQ(histogram.max(), 13'590'000'001ns);
  EXPECT_EQ(histogram.average(), 9'985'061'729ns);
}

TEST(Histogram, OneValueIsEveryPercentile) {
  Histogram histogram;
  histogram.add(123'456'789ns);
  for (const double percent : {0., 50., 100.}) {
    EXPECT_EQ(histogram.percentile(percent), 123'456'789ns);
  }
}

TEST(Histogram, TooLongAndNegativeSpansAreKeptInRange) {
  Histogram histogram;
  histogram.add(48h);
  histogram.add(-5ns);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.max(), 48h);
  EXPECT_EQ(histogram.min(), 0ns);
  EXPECT_EQ(histogram.percentile(50), 0ns);
}

TEST(Histogram, MergingIsLikeAddingAllToOne) {
  Histogram a;
  Histogram b;
  Histogram all;
  for (int i = 0; i < 3'000; ++i) {
    const Monotonic value{static_cast<std::int64_t>(i) * 7919 * 1000};
    (i % 3 == 0 ? a : b).add(value);
    all.add(value);
  }
  a.merge(b);
  EXPECT_EQ(a.count(), all.count());
  EXPECT_EQ(a.average(), all.average());
  EXPECT_EQ(a.min(), all.min());
  EXPECT_EQ(a.max(), all.max());
  for (int percent = 0; percent <= 100; percent += 5) {
    EXPECT_EQ(a.percentile(percent), all.percentile(percent));
  }
}

}  // namespace
}  // namespace firstcome::load
