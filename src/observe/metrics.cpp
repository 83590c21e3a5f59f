#include "observe/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

#include "core/check.hpp"

namespace firstcome {
namespace {

constexpr double seconds[] = {10e-6, 20e-6, 50e-6,  100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3,
                              20e-3, 50e-3, 100e-3, 200e-3, 500e-3, 1,      2,    5,    10};
constexpr double sizes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

std::vector<prometheus::ClientMetric::Label> client_labels(const Labels& labels) {
  std::vector<prometheus::ClientMetric::Label> result;
  for (const auto& [name, value] : labels) result.push_back({name, value});
  return result;
}

}  // namespace

const std::span<const double> seconds_bounds{seconds};
const std::span<const double> size_bounds{sizes};

void Histogram::observe(double value) {
  const auto at = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  buckets_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Counter& Metrics::Shard::counter(std::string_view name, std::string_view help,
                                 const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  return counters_[Series{std::string(name), std::string(help), labels}];
}

Histogram& Metrics::Shard::histogram(std::string_view name, std::string_view help,
                                     std::span<const double> bounds, const Labels& labels) {
  CHECK(bounds.size() <= Histogram::bounds_max, "a histogram has too many bounds");
  const std::scoped_lock lock(mutex_);
  return histograms_.try_emplace(Series{std::string(name), std::string(help), labels}, bounds)
      .first->second;
}

Metrics::Shard& Metrics::shard() {
  const std::scoped_lock lock(mutex_);
  return shards_.emplace_back();
}

void Metrics::gauge(std::string name, std::string help, Labels labels, std::function<double()> read,
                    bool is_counter) {
  const std::scoped_lock lock(mutex_);
  gauges_.push_back(
      {std::move(name), std::move(help), std::move(labels), std::move(read), is_counter});
}

// The shards' series added up, as prometheus-cpp's serializer wants them.
struct Metrics::Families {
  struct Family {
    prometheus::MetricFamily family;
    std::map<Labels, prometheus::ClientMetric> metrics;
  };
  std::map<std::string, Family> by_name;

  prometheus::ClientMetric& metric(const std::string& name, const std::string& help,
                                   prometheus::MetricType type, const Labels& labels) {
    Family& family = by_name[name];
    family.family.name = name;
    family.family.help = help;
    family.family.type = type;
    prometheus::ClientMetric& metric = family.metrics[labels];
    if (metric.label.empty()) metric.label = client_labels(labels);
    return metric;
  }

  static void add(prometheus::ClientMetric::Histogram& total, const Histogram& part) {
    const std::span<const double> bounds = part.bounds();
    total.bucket.resize(bounds.size() + 1);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      below += part.count_in(i);
      total.bucket[i].cumulative_count += below;
      total.bucket[i].upper_bound =
          i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    }
    total.sample_count += below;
    total.sample_sum += part.sum();
  }

  void add(const Shard& shard) {
    const std::scoped_lock lock(shard.mutex_);
    for (const auto& [series, counter] : shard.counters_) {
      metric(series.name, series.help, prometheus::MetricType::Counter, series.labels)
          .counter.value += static_cast<double>(counter.value());
    }
    for (const auto& [series, histogram] : shard.histograms_) {
      add(metric(series.name, series.help, prometheus::MetricType::Histogram, series.labels)
              .histogram,
          histogram);
    }
  }

  void add(const Gauge& gauge) {
    const auto type =
        gauge.is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    prometheus::ClientMetric& target = metric(gauge.name, gauge.help, type, gauge.labels);
    (gauge.is_counter ? target.counter.value : target.gauge.value) = gauge.read();
  }

  [[nodiscard]] std::vector<prometheus::MetricFamily> list() && {
    std::vector<prometheus::MetricFamily> result;
    for (auto& [name, family] : by_name) {
      for (auto& [labels, metric] : family.metrics) {
        family.family.metric.push_back(std::move(metric));
      }
      result.push_back(std::move(family.family));
    }
    return result;
  }
};

std::string Metrics::text() const {
  Families families;
  {
    const std::scoped_lock lock(mutex_);
    for (const Shard& shard : shards_) families.add(shard);
    for (const Gauge& gauge : gauges_) families.add(gauge);
  }
  return prometheus::TextSerializer().Serialize(std::move(families).list());
}

}  // namespace firstcome
