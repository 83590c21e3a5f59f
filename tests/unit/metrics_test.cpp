#include "observe/metrics.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <thread>

namespace firstcome {
namespace {

// The value of a series in the text, or "none".
std::string value_of(const Metrics& metrics, const std::string& series) {
  std::istringstream lines(metrics.text());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
  }
  return "none";
}

TEST(Metrics, add_up_over_the_shards) {
  Metrics metrics;
  metrics.shard().counter("things_total", "Things.").add(3);
  metrics.shard().counter("things_total", "Things.").add();
  EXPECT_EQ(value_of(metrics, "things_total"), "4");
}

TEST(Metrics, keep_labels_apart) {
  Metrics metrics;
  Metrics::Shard& shard = metrics.shard();
  shard.counter("things_total", "Things.", {{"kind", "a"}}).add(1);
  shard.counter("things_total", "Things.", {{"kind", "b\"\n"}}).add(2);
  EXPECT_EQ(value_of(metrics, "things_total{kind=\"a\"}"), "1");
  EXPECT_EQ(value_of(metrics, "things_total{kind=\"b\\\"\\n\"}"), "2");
}

TEST(Metrics, give_the_same_counter_for_the_same_name_and_labels) {
  Metrics metrics;
  Metrics::Shard& shard = metrics.shard();
  EXPECT_EQ(&shard.counter("a", "A.", {{"x", "1"}}), &shard.counter("a", "A.", {{"x", "1"}}));
  EXPECT_NE(&shard.counter("a", "A.", {{"x", "1"}}), &shard.counter("a", "A.", {{"x", "2"}}));
}

TEST(Metrics, count_observations_below_each_bound) {
  constexpr double bounds[] = {1, 10};
  Metrics metrics;
  Histogram& one = metrics.shard().histogram("sizes", "Sizes.", bounds);
  Histogram& other = metrics.shard().histogram("sizes", "Sizes.", bounds);
  for (const double value : {0.5, 1.0, 1.5}) one.observe(value);
  for (const double value : {10.0, 10.5}) other.observe(value);
  EXPECT_EQ(value_of(metrics, "sizes_bucket{le=\"1\"}"), "2") << "a bound is in its own bucket";
  EXPECT_EQ(value_of(metrics, "sizes_bucket{le=\"10\"}"), "4");
  EXPECT_EQ(value_of(metrics, "sizes_bucket{le=\"+Inf\"}"), "5");
  EXPECT_EQ(value_of(metrics, "sizes_count"), "5");
  EXPECT_EQ(value_of(metrics, "sizes_sum"), "23.5");
}

TEST(Metrics, read_gauges_when_they_are_asked) {
  Metrics metrics;
  double level = 1;
  metrics.gauge("level", "Level.", {}, [&] { return level; });
  EXPECT_EQ(value_of(metrics, "level"), "1");
  level = 2;
  EXPECT_EQ(value_of(metrics, "level"), "2");
}

TEST(Metrics, say_of_each_name_once_what_it_is) {
  Metrics metrics;
  metrics.shard().counter("things_total", "Things.").add();
  metrics.shard().counter("things_total", "Things.", {{"kind", "a"}}).add();
  metrics.gauge("rising_total", "Rising.", {}, [] { return 1.0; }, true);
  const std::string text = metrics.text();
  const std::string type = "# TYPE things_total counter";
  EXPECT_NE(text.find(type), std::string::npos) << text;
  EXPECT_EQ(text.find(type), text.rfind(type)) << text;
  EXPECT_NE(text.find("# TYPE rising_total counter"), std::string::npos) << text;
}

TEST(Metrics, lose_no_addition_and_are_read_meanwhile) {
  Metrics metrics;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&shard = metrics.shard()] {
      for (int n = 0; n < 1000; ++n) {
        shard.counter("things_total", "Things.", {{"n", std::to_string(n % 7)}}).add();
        shard.counter("all_total", "All.").add();
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(metrics.text().empty() && i > 0 && threads.empty());
  threads.clear();
  EXPECT_EQ(value_of(metrics, "all_total"), "3000");
}

}  // namespace
}  // namespace firstcome
